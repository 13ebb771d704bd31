//! Requests without measure.

use std::net::{IpAddr, Ipv4Addr};

use super::kit;
use crate::support::{Answer, Server};

/// A client at an address of its own.
fn client(address: Ipv4Addr) -> reqwest::Client {
    reqwest::Client::builder().local_address(IpAddr::V4(address)).build().unwrap()
}

async fn ask(kit: &Server, client: &reqwest::Client, forwarded_for: &str) -> Answer {
    Answer::of(client.get(kit.url("/nowhere")).header("x-forwarded-for", forwarded_for)).await
}

fn assert_too_often(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.error(), "more requests came from this address than are taken; send it again later");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1_000..=1_200).contains(&seconds), "an hour for three requests: {seconds}");
}

#[tokio::test]
async fn whoever_sends_too_much_is_told_when_to_come_again_and_others_are_served() {
    let (_project, kit) = kit(&[("KIT_RATE_LIMIT", "3/1h")]);
    let (one, other) = (client(Ipv4Addr::LOCALHOST), client(Ipv4Addr::new(127, 0, 0, 2)));
    for number in 0..3 {
        // Nobody is a proxy: what somebody claims to be is not asked for.
        assert_eq!(ask(&kit, &one, &format!("192.0.2.{number}")).await.status, 404);
    }
    assert_too_often(&ask(&kit, &one, "192.0.2.99").await);
    assert_eq!(Answer::of(one.get(kit.url("/health/live"))).await.status, 200, "whoever looks after the kit");
    let again = client(Ipv4Addr::LOCALHOST);
    assert_too_often(&ask(&kit, &again, "192.0.2.99").await);
    assert_eq!(ask(&kit, &other, "192.0.2.99").await.status, 404);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_sender_is_counted() {
    let (_project, kit) = kit(&[("KIT_RATE_LIMIT", "3/1h"), ("KIT_TRUSTED_PROXIES", "127.0.0.1")]);
    let proxy = client(Ipv4Addr::LOCALHOST);
    for number in 0..3 {
        // What stands left of the sender was written by the sender.
        assert_eq!(ask(&kit, &proxy, &format!("198.51.100.{number}, 192.0.2.1")).await.status, 404);
    }
    assert_too_often(&ask(&kit, &proxy, "198.51.100.9, 192.0.2.1").await);
    assert_eq!(ask(&kit, &proxy, "192.0.2.2").await.status, 404);
    for _ in 0..3 {
        assert_eq!(ask(&kit, &proxy, "nobody").await.status, 404);
    }
    assert_too_often(&ask(&kit, &proxy, "nobody else").await);
}

#[tokio::test]
async fn on_loopback_nobody_is_counted_unless_somebody_says_so() {
    let (_project, kit) = kit(&[]);
    for _ in 0..4_000 {
        assert_eq!(kit.get("/nowhere").await.status, 404);
    }
}
