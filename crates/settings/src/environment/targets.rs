//! The systems that one action calls, as its inputs name them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::environment::reader::{Reader, Setting};
use crate::environment::{Backoffice, Commerce, Mode, backoffice, commerce};
use crate::{Fault, Variables};

const CONCURRENCY_DEFAULT: usize = 32;
const RATE_MAX: u32 = 100_000;

/// How much a target is asked to do at the most; less while it says that this is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetLimits {
    /// Calls at the same time.
    pub concurrency: usize,
    /// Calls that begin in one second.
    pub rate: Option<u32>,
}

pub(super) fn limits(reader: &mut Reader<'_>) -> TargetLimits {
    let setting = Setting {
        name: "KIT_TARGET_RATE",
        expected: "expected a whole number from 1 to 100000, or `none`",
        hint: "it counts the calls in a second; leave it out for none but what the target itself asks for",
    };
    let rate = reader.parse(setting, |text| match text {
        "none" => Some(None),
        number => number.parse().ok().filter(|rate| (1..=RATE_MAX).contains(rate)).map(Some),
    });
    TargetLimits {
        concurrency: reader.number("KIT_TARGET_CONCURRENCY", CONCURRENCY_DEFAULT, &(1..=1_024)),
        rate: rate.flatten(),
    }
}

/// The inputs of one action that name its targets.
#[derive(Debug)]
pub struct TargetInputs {
    variables: Variables,
}

impl TargetInputs {
    /// Texts only: nothing else names a target.
    pub fn of(inputs: &BTreeMap<String, Value>) -> Self {
        let texts = inputs.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        Self { variables: Variables::from_pairs(texts) }
    }

    /// The Commerce store that the inputs name; none when they name none.
    ///
    /// # Errors
    /// Half a configuration.
    pub fn commerce(&self) -> Result<Option<Commerce>, Vec<Fault>> {
        self.read(|reader| commerce::read(reader, Mode::Dev))
    }

    /// The back office that the inputs name; none when they name none.
    ///
    /// # Errors
    /// Half a configuration.
    pub fn backoffice(&self) -> Result<Option<Backoffice>, Vec<Fault>> {
        self.read(backoffice::read)
    }

    fn read<T>(&self, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<Option<T>, Vec<Fault>> {
        let mut reader = Reader { variables: &self.variables, faults: Vec::new() };
        let target = read(&mut reader);
        if reader.faults.is_empty() { Ok(target) } else { Err(reader.faults) }
    }
}
