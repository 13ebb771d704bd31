//! Every seed, and what can be made of it by few changes, is judged without a panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use hostile::{TARGETS, Target};

/// Of each seed so many inputs are made.
const CHANGED_PER_SEED: u64 = 512;

/// Changes of one input.
const CHANGES_MAX: usize = 4;

/// Longer inputs are left to the fuzzer.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// What parsers stumble over.
const STUMBLING_BLOCKS: [&[u8]; 20] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\xff",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    b"%",
    b"%00",
    b"%ff",
    b"[[[[[[[[",
    b"{\"\":",
    b"1e999",
    b"-0",
    b"18446744073709551616",
    b"..",
    b"&",
    b"=",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder().join("seeds").join(target);
    let names = names(&folder);
    names.into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

fn change(input: &mut Vec<u8>, seeds: &[(String, Vec<u8>)], rng: &mut Rng) {
    let at = rng.usize(..=input.len());
    match rng.u8(..6) {
        0 => input.truncate(at),
        1 => drop(input.drain(at.min(input.len())..(at + rng.usize(..=8)).min(input.len()))),
        2 => {
            let block = STUMBLING_BLOCKS[rng.usize(..STUMBLING_BLOCKS.len())];
            input.splice(at..at, block.iter().copied());
        }
        3 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        4 => input.extend_from_within(at..),
        _ => {
            let (_, other) = &seeds[rng.usize(..seeds.len())];
            let rest = &other[rng.usize(..=other.len())..];
            input.splice(at.., rest.iter().copied());
        }
    }
    input.truncate(INPUT_BYTES_MAX);
}

fn judge(target: Target, input: &[u8], what: &str) {
    let judged = catch_unwind(AssertUnwindSafe(|| target(input)));
    assert!(judged.is_ok(), "{what}: {}", input.escape_ascii());
}

fn check((name, target): (&str, Target)) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seed");
    for (seed, input) in &seeds {
        judge(target, input, &format!("{name}/{seed}"));
        for number in 0..CHANGED_PER_SEED {
            let mut rng = Rng::with_seed(number);
            let mut changed = input.clone();
            for _ in 0..=rng.usize(..CHANGES_MAX) {
                change(&mut changed, &seeds, &mut rng);
            }
            judge(target, &changed, &format!("{name}/{seed}, change {number}"));
        }
    }
}

#[test]
fn no_seed_and_no_change_of_one_leads_to_a_panic() {
    std::thread::scope(|scope| {
        for target in TARGETS {
            scope.spawn(move || check(target));
        }
    });
}

#[test]
fn every_target_can_be_fuzzed_and_has_seeds() {
    let expected: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for place in ["seeds", "fuzz_targets"] {
        assert_eq!(names(&folder().join(place)), expected, "fuzz/{place}");
    }
}
