/// A deadlock is told at the beginning of an answer, before any trace.
const SEARCHED_BYTES_MAX: usize = 64 * 1024;

/// In lower case.
const SIGNS: [&str; 3] = ["deadlock found", "lock wait timeout", "sqlstate[40001]"];

/// Whether the target's database gave up this call in favour of another one.
pub(crate) fn is_deadlock(status: u16, body: &[u8]) -> bool {
    if !matches!(status, 400 | 500) {
        return false;
    }
    let text = body[..body.len().min(SEARCHED_BYTES_MAX)].to_ascii_lowercase();
    SIGNS.iter().any(|sign| text.windows(sign.len()).any(|window| window == sign.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expected: bool) {
        assert_eq!(is_deadlock(status, body.as_bytes()), expected, "{status} {body}");
    }

    #[test]
    fn databases_say_so_in_several_ways() {
        check(500, "Deadlock found when trying to get lock", true);
        check(400, r#"{"message":"SQLSTATE[HY000]: 1205 Lock Wait Timeout exceeded"}"#, true);
        check(400, "Sqlstate[40001]: Serialization failure", true);
        check(400, "SQLSTATE[23000]", false);
        check(200, "deadlock found", false);
        check(503, "deadlock found", false);
        check(500, "", false);
        check(500, &format!("{}deadlock found", " ".repeat(SEARCHED_BYTES_MAX)), false);
    }
}
