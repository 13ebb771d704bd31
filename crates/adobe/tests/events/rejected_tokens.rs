use crate::support::{Stand, TOKEN_PATH, Time, ims, token};

#[tokio::test]
async fn many_rejections_of_one_token_cause_one_request() {
    let stand = Stand::start(|_, before| token(before)).await;
    let ims = ims(&stand.url, &Time::new());
    let first = ims.token().await.unwrap();
    for _ in 0..100 {
        ims.rejected(&first);
    }
    let second = ims.token().await.unwrap();
    ims.rejected(&first);
    assert_eq!(ims.token().await.unwrap(), second);
    assert_eq!(stand.count(TOKEN_PATH), 2);
}

#[tokio::test]
async fn a_replacement_that_is_rejected_at_once_is_kept_for_a_while() {
    let stand = Stand::start(|_, before| token(before)).await;
    let time = Time::new();
    let ims = ims(&stand.url, &time);
    ims.rejected(&ims.token().await.unwrap());
    let replacement = ims.token().await.unwrap();
    time.advance(29_999);
    ims.rejected(&replacement);
    assert_eq!(ims.token().await.unwrap(), replacement);
    time.advance(1);
    ims.rejected(&replacement);
    assert_ne!(ims.token().await.unwrap(), replacement);
}
