use super::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_to_their_last_page() {
    let bench = Bench::new().await;
    bench.proxy.page(1);
    bench.ok(&["onboard"]);
    let before = bench.snapshot().await;
    bench.proxy.take();
    assert_eq!(bench.ok(&["onboard"]), "0 created, 0 updated, 0 deleted, 31 left as they are\n");
    let calls = bench.proxy.take();
    assert!(!calls.iter().any(super::proxy::Call::is_write), "{calls:?}");
    // A page for each: two providers, eight and thirteen events, eight registrations.
    let pages = |part: &str| calls.iter().filter(|call| call.path.split('?').next().unwrap().ends_with(part)).count();
    assert_eq!((pages("/providers"), pages("/eventmetadata"), pages("/registrations")), (2, 21, 8));
    assert_eq!(bench.snapshot().await, before);
    assert!(bench.ok(&["offboard", "--yes"]).contains("10 deleted"));
    assert_eq!(bench.providers().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_another_host_is_not_followed() {
    let bench = Bench::new().await;
    bench.proxy.stand_in(|call| {
        call.path.ends_with("/providers").then(|| {
            axum::response::IntoResponse::into_response(axum::Json(serde_json::json!({
                "_embedded": {"providers": []}, "_links": {"next": {"href": "https://example.com/providers?page=1"}}
            })))
        })
    });
    let said = bench.fails(&["onboard"]);
    assert!(said.contains("the next page is on another host, which must not get our token"), "{said}");
    assert!(!bench.proxy.take().iter().any(super::proxy::Call::is_write));
}
