use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

/// Senders differ in whether they pad.
const URL_SAFE_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Written in lower case; read in either.
    Hex,
    /// With padding.
    Base64,
    /// Written without padding; read with or without.
    Base64Url,
}

impl Encoding {
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => {
                let digits = |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)]));
                bytes.iter().flat_map(digits).collect()
            }
            Self::Base64 => BASE64_STANDARD.encode(bytes),
            Self::Base64Url => BASE64_URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    /// Nothing when the text is not written so.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => from_hex(text.as_bytes()),
            Self::Base64 => BASE64_STANDARD.decode(text).ok(),
            Self::Base64Url => URL_SAFE_ANY_PADDING.decode(text).ok(),
        }
    }

    /// What a header should have been.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Hex => "the signature's prefix and hexadecimal digits",
            Self::Base64 => "the signature's prefix and base64 with padding",
            Self::Base64Url => "the signature's prefix and base64url",
        }
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Encoding; 3] = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url];

    #[test]
    fn other_spellings_are_refused() {
        assert_eq!(Encoding::Hex.decode("0aFf"), Some(vec![0x0a, 0xff]));
        for text in ["0", "0g", "+1", " 0a", "0a "] {
            assert_eq!(Encoding::Hex.decode(text), None, "{text}");
        }
        assert_eq!(Encoding::Base64.decode("+/8="), Some(vec![0xfb, 0xff]));
        for text in ["+/8", "-_8=", "+/9=", "+/8=\n"] {
            assert_eq!(Encoding::Base64.decode(text), None, "{text}");
        }
        assert_eq!(Encoding::Base64Url.decode("-_8"), Encoding::Base64Url.decode("-_8="));
        assert_eq!(Encoding::Base64Url.decode("+/8"), None);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(bytes: Vec<u8>) {
            for encoding in ALL {
                prop_assert_eq!(encoding.decode(&encoding.encode(&bytes)), Some(bytes.clone()));
            }
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            for encoding in ALL {
                encoding.decode(&text);
            }
        }
    }
}
