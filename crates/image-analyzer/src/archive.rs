//! Reads an archive, entry by entry, in any order: documents and layers are read as they come, and
//! [`crate::archive::select_image`] puts the image together at the end.
//!
//! Forms: `docker save` since 1.10 (`manifest.json`, `ID/layer.tar`, links to other layers' archives), `docker save`
//! since 25 (`manifest.json`, `index.json`, `blobs/`), an OCI layout as tar or as a folder. The first bytes of an entry
//! decide what it is, not its name: a layer is a tar, plain or compressed.

mod contents;
mod diff_ids;
mod documents;
mod layer_files;
pub(crate) mod layer_sizes;
mod listed_image;
mod oci;
pub(crate) mod read_options;
mod select_image;

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use crate::archive::contents::{ArchiveContents, LayerContent, LayerProblem};
use crate::archive::layer_sizes::{FileBytes, ImageLayers};
use crate::archive::oci::{Document, MAX_DOCUMENT};
use crate::archive::read_options::ReadOptions;
use crate::decompress::{Compression, unpack};
use crate::error::ReadError;
use crate::extract;
use crate::image::Image;
use crate::layer::{Budget, Layer, clean_path};
use crate::path::{absolute, components, join};
use crate::tar::{BLOCK, Tar, TarError, read_up_to};
use crate::tree::FileTree;

/// How many bytes are read at once.
const CHUNK: usize = 256 * 1024;

/// Reads an image from an archive in one pass, plain or compressed. The source may be a pipe.
///
/// # Errors
/// If the archive is damaged, or has no image that fits `options`.
pub fn read_archive(archive: impl Read, options: &ReadOptions) -> Result<Image, ReadError> {
    let mut source = BufReader::with_capacity(CHUNK, archive);
    let mut reader = ArchiveReader::of_files(options)?;
    reader.archive(&mut source)?;
    select_image::select_image(reader.found, options)
}

/// Reads the sizes of the layers of all images of an archive in one pass, plain or compressed. The source may be a pipe.
///
/// A layer that several images have is read once. Of an image for several platforms those are the layers of the one in
/// `options`; without one, of that which `manifest.json` lists, or else this machine's.
///
/// # Errors
/// If the archive is damaged, lacks a part of one of the images, or has no image that fits `options`.
pub fn read_layer_sizes(archive: impl Read, options: &ReadOptions) -> Result<Vec<ImageLayers>, ReadError> {
    let mut source = BufReader::with_capacity(CHUNK, archive);
    let mut reader = ArchiveReader::<FileBytes>::new(options);
    reader.archive(&mut source)?;
    layer_sizes::layer_sizes(reader.found, options, &reader.budget)
}

/// Makes an image without layers from its configuration (OCI image specification, `config.md`).
///
/// # Errors
/// If `config` is not a valid configuration.
pub fn read_config(config: &[u8]) -> Result<Image, ReadError> {
    let document: Document = serde_json::from_slice(config).map_err(|error| ReadError::Document {
        file: b"/config.json".to_vec(),
        expected: "configuration",
        reason: error.to_string(),
    })?;
    Ok(Image { names: Vec::new(), config: document.to_config(), files: FileTree::default() })
}

/// Reads an image from a folder: an OCI layout, or an unpacked archive of `docker save`.
///
/// # Errors
/// If the folder cannot be read, or has no image that fits `options`.
pub fn read_layout(folder: &Path, options: &ReadOptions) -> Result<Image, ReadError> {
    // What is no archive, such as a home folder, is not worth a walk through all that is below it.
    let is_there =
        |name| !matches!(folder.join(name).symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound);
    if folder.is_dir() && !is_there("manifest.json") && !is_there("index.json") {
        return Err(ReadError::NoImage);
    }
    let root = folder.canonicalize();
    let mut reader = ArchiveReader::of_files(options)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadError::Folder { path, source }
    };
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            ReadError::Folder { path, source: error.into() }
        })?;
        let path = entry.path();
        let name = path.strip_prefix(folder).unwrap_or(path).as_os_str().as_encoded_bytes();
        let name = absolute(components(name));
        let kind = entry.file_type();
        if kind.is_symlink() {
            // One that leads nowhere is no link out of the folder.
            let Ok(target) = path.canonicalize() else { continue };
            match root.as_ref().map(|root| target.strip_prefix(root)) {
                Ok(Ok(inside)) => {
                    let inside = [b"/", inside.as_os_str().as_encoded_bytes()].concat();
                    reader.link(name, &inside, false)?;
                }
                _ => reader.outside(name)?,
            }
        } else if kind.is_file() {
            let file = File::open(path).map_err(failed(path))?;
            let size = file.metadata().map_err(failed(path))?.len();
            let mut source = BufReader::with_capacity(CHUNK, file);
            reader.file(name, size, &mut source).map_err(|problem| match problem {
                IntakeError::Source(source) => failed(path)(source),
                IntakeError::Error(error) => error,
            })?;
        }
    }
    select_image::select_image(reader.found, options)
}

/// Why reading stops.
enum IntakeError {
    /// The source cannot be read.
    Source(std::io::Error),
    /// Any other error.
    Error(ReadError),
}

impl<E: Into<ReadError>> From<E> for IntakeError {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Reads an archive; `L` is what is kept of a layer.
struct ArchiveReader<'o, L> {
    options: &'o ReadOptions,
    budget: Budget,
    found: ArchiveContents<L>,
}

impl<'o> ArchiveReader<'o, Arc<Layer>> {
    /// One that keeps what decides about files.
    fn of_files(options: &'o ReadOptions) -> Result<Self, ReadError> {
        let reader = Self::new(options);
        reader.budget.take(extract::room(extract::most(options.memory)))?;
        Ok(reader)
    }
}

impl<'o, L: LayerContent> ArchiveReader<'o, L> {
    fn new(options: &'o ReadOptions) -> Self {
        Self { options, budget: Budget::new(options.memory), found: ArchiveContents::default() }
    }

    /// Reads all entries of a tar, plain or compressed.
    fn archive(&mut self, source: &mut dyn BufRead) -> Result<(), ReadError> {
        let mut start = [0; 6];
        let at_start = |source| ReadError::from(TarError::at_start(source));
        let read = read_up_to(source, &mut start).map_err(at_start)?;
        let start = start.get(..read).unwrap_or_default();
        let compression = Compression::of(start);
        let source = unpack(compression, start.chain(source), self.options.decompression, &self.budget);
        let mut source = source.map_err(|problem| at_start(problem.into()))?;
        let mut tar = Tar::new(&mut *source);
        while let Some(header) = tar.next_entry()? {
            let name = clean_path(&header.path)?;
            match header.kind {
                b'1' => self.link(name, &header.link, false)?,
                b'2' => self.link(name, &header.link, true)?,
                b'0' if !header.is_sparse => {
                    self.file(name, header.size, &mut tar).map_err(|stop| match stop {
                        IntakeError::Source(error) => tar.io(error).into(),
                        IntakeError::Error(error) => error,
                    })?;
                }
                _ => {}
            }
        }
        // After a plain archive the source may go on with other data.
        if compression == Compression::Plain { Ok(()) } else { Ok(tar.finish()?) }
    }

    /// Adds a link; one that leads out of the archive is ignored.
    fn link(&mut self, name: Vec<u8>, target: &[u8], is_symbolic: bool) -> Result<(), ReadError> {
        let end = name.iter().rposition(|byte| *byte == b'/').filter(|_| is_symbolic).unwrap_or(0);
        let folder = name.get(..end).unwrap_or_default();
        if let Ok(target) = clean_path(&join(folder, target)) {
            self.budget.take(name.len() + target.len() + 128)?;
            self.found.documents.links.insert(name, target);
        }
        Ok(())
    }

    /// Adds a link that is not followed.
    fn outside(&mut self, name: Vec<u8>) -> Result<(), ReadError> {
        self.budget.take(name.len() + 96)?;
        self.found.documents.outside.insert(name);
        Ok(())
    }

    /// Reads a file: a document, a layer, or one that does not matter.
    fn file(&mut self, name: Vec<u8>, size: u64, data: &mut dyn BufRead) -> Result<(), IntakeError> {
        if name == b"/manifest.json" {
            let text = self.document(size, data)?;
            self.found.documents.saved = Some(text.and_then(|text| parse(&text)));
            return Ok(());
        }
        let mut start = [0; BLOCK];
        let read = read_up_to(data, &mut start).map_err(IntakeError::Source)?;
        let start = start.get(..read).unwrap_or_default();
        let mut data = start.chain(data);
        let compression = Compression::of(start);
        if start.is_empty() {
            // Engines take a layer of no bytes for an empty one.
            self.budget.take(name.len() + size_of::<Layer>() + 256)?;
            self.found.layers.insert(name, (0, Ok(L::default())));
        } else if start.trim_ascii_start().starts_with(b"{") {
            let text = self.document(size, &mut data)?;
            let document = text.and_then(|text| parse(&text));
            self.budget.take(name.len() + 512)?;
            self.found.documents.parsed.insert(name, document);
        } else if compression != Compression::Plain || Tar::is_start(start) {
            let layer = match self.layer(compression, &mut data) {
                Err(problem) if problem.is_limit() => {
                    return Err(ReadError::Layer { layer: name, problem: Box::new(problem) }.into());
                }
                // Any other problem matters only if the image has this layer.
                layer => layer,
            };
            self.budget.take(name.len() + size_of::<Layer>() + 128)?;
            self.found.layers.insert(name, (size, layer));
        }
        Ok(())
    }

    /// The text of a document, or why it is not read. The parsed document takes less than four times the memory.
    fn document(&mut self, size: u64, data: &mut dyn BufRead) -> Result<Result<Vec<u8>, String>, IntakeError> {
        if size > MAX_DOCUMENT {
            return Ok(Err(format!("its {size} bytes exceed the limit of {MAX_DOCUMENT}")));
        }
        let mut text = Vec::new();
        data.read_to_end(&mut text).map_err(IntakeError::Source)?;
        self.budget.take(4 * text.len())?;
        Ok(Ok(text))
    }

    fn layer(&self, compression: Compression, data: &mut dyn BufRead) -> Result<L, LayerProblem> {
        let source = unpack(compression, data, self.options.decompression, &self.budget);
        let mut source = source.map_err(|problem| LayerProblem::Tar(TarError::at_start(problem.into())))?;
        let mut tar = Tar::new(&mut *source);
        let layer = L::read(&mut tar, self.options, &self.budget)?;
        tar.finish()?;
        Ok(layer)
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| error.to_string())
}
