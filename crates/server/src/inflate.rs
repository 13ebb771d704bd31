//! Bodies that come compressed: inflated piece by piece, as they are asked for.

use std::error::Error;
use std::io::Write;
use std::mem;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, StatusCode};

use crate::answer;

/// What comes may be longer than what it becomes by the headers of gzip, and no more than this.
const OVERHEAD_BYTES_MAX: usize = 128 * 1024;

/// Whether bodies may come compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decompression {
    Off,
    Gzip,
}

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
    Unknown,
}

impl Encoding {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let (only, more) = (values.next(), values.next());
        match (only.map(|value| value.as_bytes().trim_ascii()), more) {
            (None, _) => Self::Plain,
            (Some(name), None) if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => {
                Self::Gzip
            }
            (Some(name), None) if name.is_empty() || name.eq_ignore_ascii_case(b"identity") => Self::Plain,
            (Some(_), _) => Self::Unknown,
        }
    }
}

impl Decompression {
    /// The answer to a body that cannot be read.
    pub(crate) fn refusal(self) -> Response {
        let accepted = match self {
            Self::Off => "identity",
            Self::Gzip => "gzip",
        };
        let told = "the body has a `content-encoding` that is not taken; `accept-encoding` says which one is";
        let answer = answer::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, told);
        ([(ACCEPT_ENCODING, accepted)], answer).into_response()
    }
}

/// The body is not gzip to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not gzip, as its `content-encoding` says")]
pub(crate) struct NotGzip;

impl NotGzip {
    /// Whether this is behind an error.
    pub(crate) fn is_behind(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<Self>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// Takes in what comes of a body and gives out, in pieces of about 32 KiB, what it becomes.
#[derive(Debug)]
pub(crate) struct Inflater {
    decoder: MultiGzDecoder<Vec<u8>>,
    waiting: Bytes,
    taken_in: usize,
    given_out: usize,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        let decoder = MultiGzDecoder::new(Vec::new());
        Self { decoder, waiting: Bytes::new(), taken_in: 0, given_out: 0 }
    }

    /// The next chunk of the body; everything of the last one has to have been given out.
    pub(crate) fn take_in(&mut self, chunk: Bytes) {
        self.taken_in = self.taken_in.saturating_add(chunk.len());
        self.waiting = chunk;
    }

    /// The next piece; none when more has to come.
    ///
    /// # Errors
    /// It is not gzip.
    pub(crate) fn give_out(&mut self) -> Result<Option<Bytes>, NotGzip> {
        while !self.waiting.is_empty() {
            let taken = self.decoder.write(&self.waiting).map_err(|_| NotGzip)?;
            let _ = self.waiting.split_to(taken);
            let piece = mem::take(self.decoder.get_mut());
            self.given_out = self.given_out.saturating_add(piece.len());
            let is_empty_for_long = self.taken_in - self.waiting.len() > self.given_out + OVERHEAD_BYTES_MAX;
            if is_empty_for_long || (taken == 0 && piece.is_empty()) {
                return Err(NotGzip);
            }
            if !piece.is_empty() {
                return Ok(Some(piece.into()));
            }
        }
        Ok(None)
    }

    /// The last piece, after everything has come.
    ///
    /// # Errors
    /// It was not gzip, or not all of it.
    pub(crate) fn end(&mut self) -> Result<Bytes, NotGzip> {
        self.decoder.try_finish().map_err(|_| NotGzip)?;
        Ok(mem::take(self.decoder.get_mut()).into())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    /// The longest piece that one write gives out: the decoder's buffer, and what was left in it.
    const PIECE_BYTES_MAX: usize = 64 * 1024;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(compressed: &[u8], chunk: usize) -> Result<Vec<u8>, NotGzip> {
        let mut inflater = Inflater::new();
        let mut plain = Vec::new();
        for chunk in compressed.chunks(chunk) {
            inflater.take_in(Bytes::copy_from_slice(chunk));
            while let Some(piece) = inflater.give_out()? {
                assert!(piece.len() <= PIECE_BYTES_MAX, "{}", piece.len());
                plain.extend_from_slice(&piece);
            }
        }
        plain.extend_from_slice(&inflater.end()?);
        Ok(plain)
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back_however_it_is_cut(
            plain in prop::collection::vec(any::<u8>(), 0..5_000),
            repeated in 1_usize..40,
            chunk in 1_usize..3_000,
        ) {
            let plain = plain.repeat(repeated);
            prop_assert_eq!(inflate(&gzip(&plain), chunk), Ok(plain.clone()));
            // Two members, one after the other, are one body.
            let two = [gzip(&plain), gzip(&plain)].concat();
            prop_assert_eq!(inflate(&two, chunk), Ok(plain.repeat(2)));
        }

        #[test]
        fn what_is_cut_short_or_followed_by_something_else_is_refused(
            plain in prop::collection::vec(any::<u8>(), 0..2_000),
            at in any::<prop::sample::Index>(),
            chunk in 1_usize..3_000,
        ) {
            let whole = gzip(&plain);
            let cut = &whole[..at.index(whole.len())];
            prop_assume!(!cut.is_empty());
            prop_assert_eq!(inflate(cut, chunk), Err(NotGzip));
            prop_assert_eq!(inflate(&[whole, b"more".to_vec()].concat(), chunk), Err(NotGzip));
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..2_000), chunk in 1_usize..500) {
            let _ = inflate(&bytes, chunk);
            let _ = inflate(&[b"\x1f\x8b\x08\0\0\0\0\0\0\xff".as_slice(), &bytes].concat(), chunk);
        }
    }

    #[test]
    fn a_body_that_becomes_nothing_for_ever_is_refused() {
        let empty_members = gzip(b"").repeat(20_000);
        assert_eq!(inflate(&empty_members, 1_000), Err(NotGzip));
        let empty_blocks = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec(), b"\0\0\0\xff\xff".repeat(50_000)].concat();
        assert_eq!(inflate(&empty_blocks, 1_000), Err(NotGzip));
    }

    #[test]
    fn one_encoding_is_known() {
        fn check(values: &[&'static str], expected: Encoding) {
            let values = values.iter().map(|value| (CONTENT_ENCODING, value.parse().unwrap()));
            assert_eq!(Encoding::of(&values.collect()), expected);
        }
        check(&[], Encoding::Plain);
        check(&[" identity"], Encoding::Plain);
        check(&["GZIP "], Encoding::Gzip);
        check(&["x-gzip"], Encoding::Gzip);
        check(&["br"], Encoding::Unknown);
        check(&["gzip, gzip"], Encoding::Unknown);
        check(&["gzip", "gzip"], Encoding::Unknown);
    }
}
