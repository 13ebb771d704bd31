//! `Link` headers (RFC 8288), as far as leafing through pages needs them.

#[cfg(test)]
mod tests;

use http::HeaderMap;
use http::header::LINK;
use reqwest::Url;

/// A link that must not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::events) enum BadLink {
    /// It would carry our token to somebody else.
    Foreign,
    Invalid,
}

/// Where the next page is: the first target with the relation `next`, relative to the address of this page.
pub(in crate::events) fn next(headers: &HeaderMap, page: &Url) -> Result<Option<Url>, BadLink> {
    for value in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(value.as_bytes());
        if let Some(link) = links(&text).find(|link| link.has_relation("next")) {
            return resolve(link.target, page).map(Some);
        }
    }
    Ok(None)
}

/// An address on another page, which has to be of the same origin.
pub(in crate::events) fn resolve(target: &str, page: &Url) -> Result<Url, BadLink> {
    let url = page.join(target).map_err(|_| BadLink::Invalid)?;
    if url.origin() == page.origin() { Ok(url) } else { Err(BadLink::Foreign) }
}

/// `<target>; rel="next last"`.
struct Link<'a> {
    target: &'a str,
    /// Of the first `rel`; the standard ignores further ones.
    relations: Option<String>,
}

impl Link<'_> {
    fn has_relation(&self, name: &str) -> bool {
        let relations = self.relations.as_deref().unwrap_or_default();
        relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case(name))
    }
}

/// All links of one header line. What is no link is skipped up to the next comma.
fn links(text: &str) -> impl Iterator<Item = Link<'_>> {
    let mut scanner = Scanner { rest: text };
    std::iter::from_fn(move || {
        loop {
            scanner.skip(|letter| letter.is_ascii_whitespace() || letter == ',');
            if scanner.rest.is_empty() {
                return None;
            }
            let link = scanner.link();
            scanner.skip_to_comma();
            if link.is_some() {
                return link;
            }
        }
    })
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn link(&mut self) -> Option<Link<'a>> {
        let (target, rest) = self.rest.strip_prefix('<')?.split_once('>')?;
        self.rest = rest;
        let mut relations = None;
        while self.take_after_spaces(';') {
            let (name, value) = self.parameter();
            if name.eq_ignore_ascii_case("rel") {
                relations.get_or_insert(value);
            }
        }
        Some(Link { target: target.trim(), relations })
    }

    /// `name`, `name=token` or `name="quoted"`.
    fn parameter(&mut self) -> (&'a str, String) {
        self.skip(|letter| letter.is_ascii_whitespace());
        let name = self.until(|letter| matches!(letter, '=' | ';' | ',') || letter.is_ascii_whitespace());
        if !self.take_after_spaces('=') {
            return (name, String::new());
        }
        self.skip(|letter| letter.is_ascii_whitespace());
        let value = if self.take('"') {
            self.quoted()
        } else {
            self.until(|letter| matches!(letter, ';' | ',') || letter.is_ascii_whitespace()).to_owned()
        };
        (name, value)
    }

    /// Up to the closing quote, which a broken header may lack.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut letters = self.rest.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => value.extend(letters.next()),
                _ => value.push(letter),
            }
        }
        self.rest = letters.as_str();
        value
    }

    fn skip_to_comma(&mut self) {
        while let Some(letter) = self.rest.chars().next().filter(|letter| *letter != ',') {
            self.rest = &self.rest[letter.len_utf8()..];
            if letter == '"' {
                self.quoted();
            }
        }
    }

    fn skip(&mut self, is_skipped: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(is_skipped);
    }

    fn until(&mut self, is_end: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn take(&mut self, letter: char) -> bool {
        let rest = self.rest.strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_after_spaces(&mut self, letter: char) -> bool {
        self.skip(|letter| letter.is_ascii_whitespace());
        self.take(letter)
    }
}
