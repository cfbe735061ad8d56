//! probe
use mkcompose::image::*;
fn main() {
    let t = std::time::Instant::now();
    match read(std::io::stdin().lock(), &Options::default()) {
        Err(e) => println!("ERR {e}"),
        Ok(image) => {
            println!("{:?} {:?}", image.references, image.config);
            println!(
                "{:?}",
                image
                    .tree
                    .list(b"/")
                    .map(|n| n.iter().map(|n| String::from_utf8_lossy(n).into_owned()).collect::<Vec<_>>())
            );
            for p in std::env::args().skip(1) {
                println!("{:?}", image.tree.lookup(p.as_bytes()));
            }
        }
    }
    println!("{:?}", t.elapsed());
}
