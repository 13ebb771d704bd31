use http::HeaderMap;

use crate::Mismatch;

/// Longer ones are not looked at; a list of sixteen signatures is shorter.
pub(crate) const BYTES_MAX: usize = 4 * 1024;

/// The one value of a header that has to be there.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Mismatch> {
    let header = || name.to_owned();
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| Mismatch::Missing(header()))?;
    let more = values.count();
    if more > 0 {
        return Err(Mismatch::Repeated { header: header(), times: more + 1 });
    }
    if value.len() > BYTES_MAX {
        return Err(Mismatch::TooLong { header: header(), bytes_max: BYTES_MAX });
    }
    value.to_str().map_err(|_| Mismatch::Malformed { header: header(), expected: "visible ASCII text" })
}
