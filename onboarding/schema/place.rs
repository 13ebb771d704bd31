//! On which line of a JSON text each of its values stands.

use std::collections::HashMap;

/// JSON pointers with the line, counted from one, of the member's name or the item.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<String, u64>);

impl Places {
    /// Of a text that is known to be JSON; of any other some places are wrong.
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, line: 1, places: HashMap::new() };
        scanner.value("", 0);
        Self(scanner.places)
    }

    /// The line of this pointer, else of what is around it.
    pub(crate) fn line(&self, pointer: &str) -> u64 {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.0.get(pointer) {
                return *line;
            }
            let Some((around, _)) = pointer.rsplit_once('/') else { return 1 };
            pointer = around;
        }
    }
}

/// As deep as the parser goes that has seen the text before.
const DEPTH_MAX: usize = 128;

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    places: HashMap<String, u64>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    /// Blanks and the signs between values.
    fn skip(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b':')) {
            self.step();
        }
    }

    fn value(&mut self, pointer: &str, depth: usize) {
        self.skip();
        if depth > DEPTH_MAX {
            self.at = self.bytes.len();
            return;
        }
        let line = self.line;
        self.places.entry(pointer.to_owned()).or_insert(line);
        match self.peek() {
            Some(b'{') => {
                self.step();
                self.members(pointer, depth);
            }
            Some(b'[') => {
                self.step();
                self.items(pointer, depth);
            }
            Some(b'"') => {
                self.text();
            }
            Some(_) => {
                // A number, `true`, `false` or `null`; at least one sign, so that every text ends.
                self.step();
                while !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}')) {
                    self.step();
                }
            }
            None => {}
        }
    }

    fn members(&mut self, pointer: &str, depth: usize) {
        loop {
            self.skip();
            if self.peek() != Some(b'"') {
                return self.step();
            }
            let line = self.line;
            let name = self.text();
            let member = format!("{pointer}/{}", escaped(&name));
            self.places.entry(member.clone()).or_insert(line);
            self.value(&member, depth + 1);
        }
    }

    fn items(&mut self, pointer: &str, depth: usize) {
        for index in 0_usize.. {
            self.skip();
            if matches!(self.peek(), None | Some(b']')) {
                return self.step();
            }
            self.value(&format!("{pointer}/{index}"), depth + 1);
        }
    }

    fn text(&mut self) -> String {
        let begin = self.at;
        self.step();
        loop {
            match self.peek() {
                Some(b'\\') => {
                    self.step();
                    self.step();
                }
                Some(b'"') => {
                    self.step();
                    break;
                }
                Some(_) => self.step(),
                None => break,
            }
        }
        let quoted = self.bytes.get(begin..self.at).unwrap_or_default();
        serde_json::from_slice(quoted).unwrap_or_default()
    }
}

/// A name as part of a pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line_also_behind_odd_names() {
        let text = "{\n \"a\\\"\": 1,\n \"b/~\": [\n  {\"c\":\n true},\n \"}]\", 2.5e3\n ], \"\": {}\n}\n";
        let places = Places::of(text);
        for (pointer, line) in [
            ("", 1),
            ("/a\"", 2),
            ("/b~1~0", 3),
            ("/b~1~0/0", 4),
            ("/b~1~0/0/c", 4),
            ("/b~1~0/1", 6),
            ("/b~1~0/2", 6),
            ("/", 7),
        ] {
            assert_eq!(places.line(pointer), line, "{pointer}");
        }
        assert_eq!(places.line("/b~1~0/0/missing"), 4);
        assert_eq!(Places::of("").line("/x/y"), 1);
    }

    #[test]
    fn a_text_that_is_no_json_comes_to_an_end() {
        for text in ["{", "[", "\"", "[[[", "{\"a\"", "{\"a\":", "]", "[\"\\", "{,:}", &"[".repeat(1000)] {
            assert!(Places::of(text).line("") >= 1);
        }
    }
}
