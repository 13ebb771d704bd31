use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn page() -> Url {
    Url::parse("https://events.example/events/organizations/1/integrations/2/3?limit=5").unwrap()
}

fn headers(lines: &[&str]) -> HeaderMap {
    lines.iter().map(|line| (LINK, HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
}

fn check(lines: &[&str], target: &str) {
    let found = next(&headers(lines), &page()).unwrap();
    assert_eq!(found.as_ref().map(Url::as_str), Some(target), "{lines:?}");
}

fn check_none(lines: &[&str]) {
    assert_eq!(next(&headers(lines), &page()), Ok(None), "{lines:?}");
}

fn check_bad(line: &str, bad: BadLink) {
    assert_eq!(next(&headers(&[line]), &page()), Err(bad), "{line}");
}

#[test]
fn the_next_page_is_found_in_every_form_of_the_header() {
    let target = "https://events.example/j?since=a:b";
    check(&[r#"</j?since=a:b>; rel="next""#], target);
    check(&["</j?since=a:b>;rel=next"], target);
    check(&[r#"<https://events.example/j?since=a:b> ; Rel = "NEXT""#], target);
    check(&[r#"</j?since=a:b>; rel="last  next""#], target);
    check(&[r#"</j?since=a:b>; title="a, b; rel=\"prev\""; rel="next""#], target);
    check(&[r#"</events>; rel="events", </j?since=a:b>; rel="next", </c>; rel="count""#], target);
    check(&[r#"</events>; rel="events""#, r#"</j?since=a:b>; rel="next""#], target);
    check(&[r#"</page?since={position}&limit={count}>; rel="page",,</j?since=a:b>; rel="next""#], target);
    check(&[r#"?since=a,b>; rel="next", </j?since=a:b>; rel="next""#], target);
    check(&[r#"</j?since=a,b>; rel="next""#], "https://events.example/j?since=a,b");
    check(&[r#"<?since=x>; rel="next""#], "https://events.example/events/organizations/1/integrations/2/3?since=x");
}

#[test]
fn other_relations_and_broken_links_lead_nowhere() {
    check_none(&[]);
    check_none(&[""]);
    check_none(&[r#"</j>; rel="prev""#]);
    check_none(&[r#"</j>; rel="nextish""#]);
    check_none(&[r#"</j>; rel="prev"; rel="next""#]);
    check_none(&[r#"</j>; title="x; rel=next""#]);
    check_none(&["</j"]);
    check_none(&["</j>"]);
    check_none(&["</j>; rel"]);
    check_none(&[r#"</j>; rel=""#]);
    check_none(&["rel=next"]);
}

#[test]
fn a_link_to_another_origin_is_refused() {
    check_bad(r#"<https://elsewhere.example/j>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<http://events.example/j>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<https://events.example:444/j>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<//elsewhere.example/j>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<\\elsewhere.example/j>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<https://events.example@elsewhere.example/j>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<data:text/plain,x>; rel="next""#, BadLink::Foreign);
    check_bad(r#"<https://[>; rel="next""#, BadLink::Invalid);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)
    ) {
        let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
        let headers: HeaderMap = values.map(|value| (LINK, value)).collect();
        let _ = next(&headers, &page());
    }

    #[test]
    fn no_mixture_of_the_syntax_leads_to_another_origin(text in r#"([<>;,="\\ /:@?]|rel|next|https|elsewhere\.example){0,40}"#) {
        if let Ok(Some(url)) = next(&headers(&[&text]), &page()) {
            prop_assert_eq!(url.origin(), page().origin());
        }
    }

    #[test]
    fn a_link_is_found_among_others(
        before in prop::collection::vec(("[a-z/?=,;]{0,12}", "[a-m]{1,8}", r"[a-z,;<>= ]{0,12}"), 0..5),
        position in "[a-z0-9:-]{1,40}",
    ) {
        let mut links: Vec<String> =
            before.iter().map(|(target, rel, title)| format!(r#"<{target}>; title="{title}"; rel={rel}"#)).collect();
        links.push(format!(r#"</j?since={position}>; rel="next""#));
        let text = links.join(", ");
        let found = next(&headers(&[&text]), &page()).unwrap().unwrap();
        let expected = format!("since={position}");
        prop_assert_eq!(found.query(), Some(expected.as_str()));
    }
}
