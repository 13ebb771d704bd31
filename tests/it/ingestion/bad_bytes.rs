//! Bytes that are no JSON, or JSON that readers disagree about: 400 and nothing else, wherever they stand.

use serde_json::{Value, json};

use super::SAMPLE;
use crate::support::{PRODUCT_CREATE, Project, Server};

/// Values that are wrong in themselves. They stand where a handler reads, and where nobody does.
const VALUES: &[&[u8]] = &[
    b"nope",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"undefined",
    b"True",
    b"",
    b"1e999",
    b"-1e999",
    b"[1e400]",
    b"01",
    b"+1",
    b".5",
    b"1.",
    b"-",
    b"1e",
    b"0x10",
    b"1_000",
    b"'text'",
    b"\"open",
    b"[1,]",
    b"[1 2]",
    b"[,]",
    b"{\"a\":1,}",
    b"{\"a\"}",
    b"{a:1}",
    b"{1:1}",
    b"1 // comment",
    b"/* comment */ 1",
    br#""\ud800""#,
    br#""\udc00""#,
    br#""\udc00\ud800""#,
    br#""\ud800\u0041""#,
    br#""\ud83d\ud83d""#,
    br#""\ud800 \udc00""#,
    br#"{"\ud800":1}"#,
    br#"{"\udfff":1}"#,
    br#""\u12""#,
    br#""\u00zz""#,
    br#""\x41""#,
    br#""\'""#,
    b"\"\x00\"",
    b"\"\x01\"",
    b"\"\n\"",
    b"\"\t\"",
    b"\"\x1f\"",
    b"\x0c1",
    b"\xc2\xa01",
    b"\xef\xbb\xbf1",
    b"\"\xff\"",
    b"\"\xc0\xaf\"",
    b"\"\xc3\"",
    b"\"\xed\xa0\x80\"",
    b"\"\xf4\x90\x80\x80\"",
    b"{\"\xff\":1}",
    br#"{"a":1,"a":1}"#,
    br#"{"a":1,"b":2,"\u0061":3}"#,
    br#"[{"deep":[{"":1,"":1}]}]"#,
];

#[tokio::test]
async fn what_is_not_json_is_refused_wherever_it_stands() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let many_names: Vec<String> = (0..40).map(|name| format!(r#""{name}":0,"#)).collect();
    let many_names = many_names.concat();
    let values: Vec<Vec<u8>> = VALUES
        .iter()
        .map(|value| value.to_vec())
        .chain([
            [vec![b'['; 200], vec![b']'; 200]].concat(),
            ["{\"a\":".repeat(200).as_bytes(), b"1", &[b'}'; 200]].concat(),
            vec![b'['; 100_000],
            // More names than are compared one by one.
            format!(r#"{{{many_names}"39":0}}"#).into_bytes(),
        ])
        .collect();
    for value in &values {
        for (before, after) in places() {
            check(&kit, [before.as_bytes(), value, after.as_bytes()].concat()).await;
        }
    }
    // The places themselves are fine.
    for (index, (before, after)) in places().into_iter().enumerate() {
        let answer = kit.post(format!("{before}1{after}").replace("place", &format!("place {index}"))).await;
        assert_ne!(
            answer.body["error"].as_str().unwrap_or_default().split(':').next(),
            Some("the body is not valid JSON")
        );
    }
}

/// The sample with room for one more value: in a member that is read, and in members that nobody reads.
fn places() -> [(String, &'static str); 5] {
    let value = r#""sku":"A","name":"B","description":"C""#;
    let data = format!(r#""uid":"place","event":"{PRODUCT_CREATE}""#);
    [
        (format!(r#"{{"data":{{{data},"value":{{{value}}}}},"ignored":"#), "}"),
        (format!(r#"{{"data":{{{data},"value":{{{value}}},"ignored":"#), "}}"),
        (format!(r#"{{"data":{{{data},"value":{{{value},"ignored":"#), "}}}"),
        (format!(r#"{{"data":{{{data},"value":{{{value},"price":"#), "}}}"),
        (format!(r#"{{"data":{{{data},"value":"#), "}}"),
    ]
}

#[tokio::test]
async fn what_is_not_one_whole_document_is_refused() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let sample = SAMPLE.trim();
    for end in 0..sample.len() {
        check(&kit, sample.as_bytes()[..end].to_vec()).await;
    }
    let wide: Vec<u8> = sample.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let others: &[Vec<u8>] = &[
        b" \r\n\t".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        [b"\xef\xbb\xbf", sample.as_bytes()].concat(),
        [b"\xff\xfe", wide.as_slice()].concat(),
        wide,
        format!("{sample}x").into_bytes(),
        format!("{sample}{sample}").into_bytes(),
        format!("{sample}\n{sample}\n").into_bytes(),
        format!("{sample},").into_bytes(),
        format!("{sample}\0").into_bytes(),
        format!("\0{sample}").into_bytes(),
        format!("data={sample}").into_bytes(),
        b"data%5Buid%5D=1&data%5Bevent%5D=x".to_vec(),
        b"<data><uid>1</uid></data>".to_vec(),
        b"--x\r\ncontent-disposition: form-data; name=data\r\n\r\n{}\r\n--x--\r\n".to_vec(),
        // A gzip header that no header announced: nobody unpacks.
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
        sample.replace(r#""uid": "event_uid_1","#, r#""uid": "a", "uid": "a","#).into_bytes(),
        sample.replace("{\n  \"data\"", "{\"data\":{},\n  \"data\"").into_bytes(),
        sample.replace(r#""sku""#, r#""sku": "A", "s\u006bu""#).into_bytes(),
        sample.replace("event_uid_1", r"\ud800").into_bytes(),
        sample.replace("PRODUCT_SKU", r"\udead").into_bytes(),
        sample.replace("be-observer", r"\ud800").into_bytes(),
    ];
    for body in others {
        check(&kit, body.clone()).await;
    }
    kit.post(sample).await.assert_new();
}

/// Said before anybody reads it as JSON.
const TOO_DEEP: &str = "the body is nested more than 64 levels deep";

async fn check(kit: &Server, body: Vec<u8>) {
    let shown = String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
    let answer = kit.post(body).await;
    assert_eq!(answer.status, 400, "{shown}: {answer:?}");
    let told = answer.error();
    let is_told = told.starts_with("the body is not valid JSON: ") || told == TOO_DEEP;
    assert!(is_told, "{shown}: {answer:?}");
    // What no action has said has the activation in its text as well.
    let expected = match told {
        TOO_DEEP => json!({"error": told, "code": answer.header("x-openwhisk-activation-id")}),
        _ => json!({"error": told}),
    };
    assert_eq!(answer.body, expected, "{shown}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn what_only_looks_odd_is_taken() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let check = async |name: &str, value: &str, means: Value| {
        let body = format!(
            r#"{{"data":{{"uid":"{name}","event":"{PRODUCT_CREATE}","value":{{"sku":"{name}","name":{value},"description":""}}}}}}"#
        );
        kit.post(body).await.assert_new();
        let product = kit
            .until("the product", || async {
                let product = kit.product(name).await;
                (product.status == 200).then_some(product.body)
            })
            .await;
        assert_eq!(product["name"], means);
    };
    check("pair", r#""\ud83e\udd80 \uD83E\uDD80""#, json!("🦀 🦀")).await;
    check("escapes", r#""\"\\\/\b\f\n\r\t\u0000\u007f""#, json!("\"\\/\u{8}\u{c}\n\r\t\0\u{7f}")).await;
    check("noncharacter", "\"\u{ffff}\u{2028}\u{feff}\"", json!("\u{ffff}\u{2028}\u{feff}")).await;
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let body = SAMPLE.replace("\"price\": 1,", &format!(r#""price": -0.0e+0, "deep": {deep}, "big": 1e308,"#));
    kit.post(body).await.assert_new();
}
