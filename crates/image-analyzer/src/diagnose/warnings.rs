//! What a program that starts will probably miss. It depends on what the program does, which is not known, so each rule
//! asks for more than a mention, and nothing found here is more than likely.

use super::Diagnoser;
use super::fixes::package_manager;
use crate::extract::file_content::Elf;
use crate::extract::string_scan::StringHint;
use crate::finding::{FileCopy, Finding, FindingKind, Fix, PackageManager, Source};
use crate::layer::FileKind;
use crate::path::join;
use crate::printable::printable_bytes;
use crate::rules::interpreters::interpreter;
use crate::rules::jar::release_of_jar;
use crate::rules::java::{JavaTarget, java_target, release_of_class, release_of_runtime, too_new};
use crate::rules::word::Word;
use crate::trace::{Role, TraceStep};

/// Where Go's `crypto/x509`, OpenSSL and Rust's `openssl-probe` look for a bundle of certificates.
const BUNDLES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/lib/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// And for folders of them.
const FOLDERS: [&str; 4] =
    ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/lib/ssl/certs", "/system/etc/security/cacerts"];

/// Programs that look up users only to show or set names, and do without: shells and boxes of tools.
const TOOLS: [&str; 11] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "toybox", "coreutils", "env", "ls"];

impl Diagnoser<'_> {
    /// Looks at a program that can be executed, with the words it is given.
    pub(super) fn likely(&mut self, path: &[u8], words: &[Word]) -> Vec<TraceStep> {
        let found = self.image.files.lookup(path).ok();
        if let Some(elf) = found.and_then(|found| found.entry.content.elf()) {
            // A loader is libc, and mentions what libc does.
            let is_loader = self.loader(path).is_some();
            let findings = [
                self.no_certificates(path, elf),
                self.no_name_service(path, elf),
                self.no_zones(path, elf),
                self.no_passwd(path, elf),
                self.no_tmp(path, elf),
            ];
            findings.into_iter().flatten().filter(|_| !is_loader).for_each(|finding| self.report(finding));
        }
        if let Some(asked) = words.first().and_then(Word::plain) {
            let asks = |word: &Word| matches!(word.text.as_str(), "-V" | "-VV" | "--version" | "-h" | "--help" | "-?");
            if !words.iter().any(asks) {
                self.python(asked.as_bytes(), path);
            }
        }
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if name == b"java" {
            self.java(path, words.get(1..).unwrap_or_default()).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn is_file(&self, path: &str) -> bool {
        let found = self.image.files.lookup_from(&self.folder, path.as_bytes());
        found.is_ok_and(|found| found.entry.kind == FileKind::File && found.entry.size > 0)
    }

    fn no_certificates(&self, path: &[u8], elf: &Elf) -> Option<Finding> {
        let holds = |folder: &str| {
            let names = self.image.files.list(folder.as_bytes()).unwrap_or_default();
            let mut names = names.iter().filter_map(|name| std::str::from_utf8(name).ok());
            names.any(|name| {
                [".pem", ".crt", ".0"].iter().any(|end| name.ends_with(end))
                    && self.is_file(&format!("{folder}/{name}"))
            })
        };
        let own_folders = self.variable("SSL_CERT_DIR").unwrap_or_default();
        let there = BUNDLES.iter().any(|bundle| self.is_file(bundle))
            || self.variable("SSL_CERT_FILE").is_some_and(|file| !file.is_empty() && self.is_file(file))
            || FOLDERS
                .iter()
                .copied()
                .chain(own_folders.split(':'))
                .any(|folder| folder.starts_with('/') && holds(folder));
        // Each HTTP server of Go knows the places; only who makes connections verifies by them.
        let takes_only = elf.hints.has(StringHint::Go) && !elf.hints.has(StringHint::TlsClient);
        if there || takes_only || !elf.hints.has(StringHint::Certificates) {
            return None;
        }
        let bundle = "/etc/ssl/certs/ca-certificates.crt";
        let message = format!("{} refers to CA certificates, but the image has none", printable_bytes(path));
        let finding = Finding::new(FindingKind::CaCertificatesMissing, message).missing(bundle);
        let copy = FileCopy { from: bundle.into(), folder: b"/etc/ssl/certs".to_vec() };
        let package_manager = package_manager(self.image);
        let install =
            (package_manager != PackageManager::None).then_some(Fix::Install(package_manager, "ca-certificates"));
        Some(
            finding
                .evidence(path, "contains the usual paths of CA certificates")
                .fix(std::iter::once(Fix::CopyFromBuild(vec![copy])).chain(install)),
        )
    }

    /// glibc before 2.34 looks names up through libraries that it opens itself; Go does not need them. Reports:
    /// penumbra-zone/penumbra#2313 and coord-e/magicpak#12 on GitHub.
    fn no_name_service(&self, path: &[u8], elf: &Elf) -> Option<Finding> {
        if !elf.hints.has(StringHint::HostNames) || elf.hints.has(StringHint::Go) {
            return None;
        }
        let info = elf.info.as_ref().ok()?;
        let triplet = info.machine.triplet().unwrap_or_default();
        let folders = [format!("/lib/{triplet}"), format!("/usr/lib/{triplet}")];
        let usual = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned);
        let folders: Vec<_> = folders.into_iter().chain(usual).collect();
        let place = |name: &str| {
            folders.iter().find_map(|folder| self.image.files.lookup(format!("{folder}/{name}").as_bytes()).ok())
        };
        if !info.needed.iter().any(|name| name == b"libc.so.6") || place("libnss_dns.so.2").is_some() {
            return None;
        }
        let libc = place("libc.so.6")?;
        let versions = libc.entry.content.elf()?.info.as_ref().ok()?.provides.as_ref()?;
        if versions.iter().any(|version| version == b"GLIBC_2.34") {
            return None;
        }
        let message = format!("{} looks up host names, but libnss_dns.so.2 is not in the image", printable_bytes(path));
        let folder = libc.path.iter().rposition(|byte| *byte == b'/').and_then(|end| libc.path.get(..end))?.to_vec();
        let copies = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"]
            .map(|name| FileCopy { from: format!("/lib/{triplet}/{name}").into_bytes(), folder: folder.clone() });
        let finding = Finding::new(FindingKind::NameServiceMissing, message).missing(&b"libnss_dns.so.2"[..]);
        let finding = finding.evidence(path, "calls getaddrinfo");
        let finding =
            finding.evidence(&libc.path, "is older than 2.34, and reads /etc/resolv.conf through libnss_dns.so.2");
        Some(finding.fix([Fix::CopyFromBuild(copies.to_vec())]))
    }

    fn no_zones(&self, path: &[u8], elf: &Elf) -> Option<Finding> {
        let hints = elf.hints;
        if hints.has(StringHint::HasZones) || self.image.files.lookup(b"/usr/share/zoneinfo").is_ok() {
            return None;
        }
        let zone = self.variable("TZ").filter(|zone| is_zone(zone));
        let loads = hints.has(StringHint::Go) && hints.has(StringHint::LoadsZones);
        // libc knows the place, so any program that is linked against it may.
        let says = match zone {
            Some(zone) => format!("TZ={}", crate::printable::printable(zone)),
            None if loads => String::new(),
            None => return None,
        };
        let message =
            format!("{} refers to time zones, but /usr/share/zoneinfo is not in the image", printable_bytes(path));
        let finding = Finding::new(FindingKind::ZoneinfoMissing, message).missing(&b"/usr/share/zoneinfo"[..]);
        let finding = if says.is_empty() {
            finding.evidence(path, "calls time.LoadLocation of Go")
        } else {
            finding.evidence(Source::Config, says)
        };
        let embed = hints.has(StringHint::Go).then_some(Fix::EmbedTimeZones);
        let copy = FileCopy { from: b"/usr/share/zoneinfo".to_vec(), folder: b"/usr/share/zoneinfo".to_vec() };
        let package_manager = package_manager(self.image);
        let install = (package_manager != PackageManager::None).then_some(Fix::Install(package_manager, "tzdata"));
        Some(finding.fix(embed.into_iter().chain([Fix::CopyFromBuild(vec![copy])]).chain(install)))
    }

    fn no_passwd(&self, path: &[u8], elf: &Elf) -> Option<Finding> {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let tool = TOOLS.iter().any(|tool| tool.as_bytes() == name);
        if tool || !elf.hints.has(StringHint::Passwd) || self.image.files.lookup(b"/etc/passwd").is_ok() {
            return None;
        }
        let message = format!("{} looks up users, but /etc/passwd is not in the image", printable_bytes(path));
        let copy = FileCopy { from: b"/etc/passwd".to_vec(), folder: b"/etc".to_vec() };
        let finding = Finding::new(FindingKind::PasswdMissing, message).missing(&b"/etc/passwd"[..]);
        Some(finding.evidence(path, "contains the path /etc/passwd").fix([Fix::CopyFromBuild(vec![copy])]))
    }

    fn no_tmp(&self, path: &[u8], elf: &Elf) -> Option<Finding> {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let tool = TOOLS.iter().any(|tool| tool.as_bytes() == name);
        let makes = elf.hints.has(StringHint::MakesTemporary);
        let names = elf.hints.has(StringHint::NamesTemporary) && !elf.hints.has(StringHint::Go);
        let own = self.variable("TMPDIR").is_some_and(|folder| !folder.is_empty());
        if tool || own || !(makes || names) || self.image.files.entry(b"/tmp").is_ok() {
            return None;
        }
        let message = format!("{} makes temporary files, but /tmp is not in the image", printable_bytes(path));
        let says = if makes { "calls a function that makes temporary files" } else { "contains a path in /tmp" };
        let finding = Finding::new(FindingKind::TmpMissing, message).missing(&b"/tmp"[..]).evidence(path, says);
        let copy = FileCopy { from: b"/tmp".to_vec(), folder: b"/tmp".to_vec() };
        Some(finding.fix([Fix::CopyFromBuild(vec![copy])]))
    }

    fn java(&mut self, java: &[u8], words: &[Word]) -> Option<TraceStep> {
        let runtime = self.runtime(java)?;
        let options = &interpreter("java", java)?.options;
        let java_target = java_target(options, words, self.variable("CLASSPATH"))?;
        let tree = &self.image.files;
        let (path, release) = match java_target {
            JavaTarget::Jar(path) => {
                let found = tree.lookup_from(&self.folder, path.as_bytes()).ok()?;
                let release = release_of_jar(found.entry.content.head())?;
                (found.path, release)
            }
            JavaTarget::Class(name, places) => places.iter().find_map(|place| {
                let place = if place.is_empty() { "." } else { place };
                let path = join(place.as_bytes(), format!("{name}.class").as_bytes());
                let found = tree.lookup_from(&self.folder, &path).ok()?;
                let release = release_of_class(found.entry.content.head())?;
                Some((found.path, release))
            })?,
        };
        let step = TraceStep::new(Role::Class, path.clone()).there(path.clone()).note(format!("for Java {release}"));
        if release <= runtime {
            return Some(step);
        }
        let shown = printable_bytes(&path);
        let message = too_new(&shown, release, runtime);
        let finding = Finding::new(FindingKind::ClassTooNew, message.clone()).missing(format!("Java {release}"));
        let finding = finding.evidence(java, format!("is of Java {runtime}"));
        let finding = finding.evidence(&path, format!("is for Java {release} (major version {})", release + 44));
        self.report(finding.fix([Fix::JavaRelease(runtime), Fix::JavaRuntime(release)]));
        Some(step.unusable(message))
    }

    /// Which release `java` is of: its `release` file says, one or two folders up.
    fn runtime(&self, java: &[u8]) -> Option<u16> {
        let texts = ["../release", "../../release"].iter().filter_map(|up| {
            let folder = java.iter().rposition(|byte| *byte == b'/').and_then(|end| java.get(..end))?;
            self.image.files.lookup(&join(folder, up.as_bytes())).ok()?.entry.content.text()
        });
        texts.into_iter().find_map(release_of_runtime)
    }
}

/// Does TZ name a zone that has to be in a file? Not `UTC`, nor a rule such as `CET-1CEST`, nor a path.
fn is_zone(zone: &str) -> bool {
    let named = zone.contains('/') && zone.starts_with(|c: char| c.is_ascii_uppercase());
    named && !matches!(zone, "Etc/UTC" | "Etc/GMT")
}
