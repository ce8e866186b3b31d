//! Replays every committed corpus file, without libFuzzer.

use std::fs;
use std::path::Path;

use quorate_fuzz::TARGETS;

#[test]
fn every_corpus_file_passes_its_target() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, run) in TARGETS {
        let files = fs::read_dir(corpora.join(name)).unwrap_or_else(|error| panic!("corpus/{name}: {error}"));
        let mut replayed = 0;
        for file in files {
            let path = file.expect("a directory entry").path();
            // Shown only when the target panics.
            println!("{}", path.display());
            run(&fs::read(&path).expect("a readable file"));
            replayed += 1;
        }
        assert!(replayed > 0, "corpus/{name} is empty");
    }
}

#[test]
fn every_target_has_its_binary() {
    let binaries = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut found: Vec<_> = fs::read_dir(binaries)
        .expect("fuzz_targets")
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    found.sort();
    assert_eq!(found, TARGETS.map(|(name, _)| name));
}
