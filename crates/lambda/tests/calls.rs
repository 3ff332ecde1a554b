//! Functions called over plain HTTP on this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use errand::{Client, Hosts, Limits};
use lambda::{Caller, Credentials, Error, FunctionArn, Functions, How, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use world::{Secret, World};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// A server that gives the same reply to all; what it was asked comes out at the other end.
async fn server(reply: &'static str) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = heard.send(request(&mut stream).await);
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

async fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"}") {
        let mut piece = [0; 4096];
        let octets = stream.read(&mut piece).await.unwrap();
        text.extend_from_slice(&piece[..octets]);
    }
    String::from_utf8(text).unwrap()
}

fn functions(settings: Settings) -> Functions {
    let world = World::system();
    Functions::new(Client::new(Hosts::default(), world.clone()), world, settings)
}

async fn call(functions: &Functions, caller: Option<&Caller>) -> Result<Bytes, Error> {
    let arn = FunctionArn::parse(ARN).unwrap();
    let limits = Limits { timeout: Duration::from_secs(5), reply_bytes: 1000 };
    let event = Bytes::from_static(b"{\"a\":1}");
    functions.call(&arn, caller, How::AndWait, event, limits).await
}

async fn answer(reply: &'static str) -> Result<Bytes, Error> {
    let (address, _asked) = server(reply).await;
    let settings = Settings::parse(Some(&format!("http://{address}")), []).unwrap();
    call(&functions(settings), None).await
}

#[tokio::test]
async fn a_call_says_what_it_is() {
    let (address, mut asked) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
    let settings = Settings::parse(Some(&format!("http://{address}")), []).unwrap();
    let caller = Caller { arn: "arn:aws:workmail:x".into(), account: "123456789012".into() };
    let plain = functions(settings.clone());
    assert_eq!(call(&plain, Some(&caller)).await.unwrap(), "{}");
    let request = asked.recv().await.unwrap();
    let path = ARN.replace(':', "%3A");
    assert!(
        request.starts_with(&format!("POST /2015-03-31/functions/{path}/invocations HTTP/1.1\r\n"))
    );
    for header in [
        "x-amz-invocation-type: RequestResponse",
        "x-amz-source-arn: arn:aws:workmail:x",
        "x-amz-source-account: 123456789012",
        "content-type: application/json",
    ] {
        assert!(request.contains(&format!("\r\n{header}\r\n")), "{header} is not in {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"));
    assert!(!request.contains("authorization"));

    let credentials = Credentials { access_key_id: "AKIA".into(), secret: Secret::new("s") };
    let signed = functions(settings.signed(Some(credentials)));
    assert_eq!(call(&signed, None).await.unwrap(), "{}");
    let request = asked.recv().await.unwrap();
    assert!(request.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIA/"), "{request}");
    assert!(request.contains("/us-east-1/lambda/aws4_request, SignedHeaders=content-type;host;"));
    assert!(!request.contains("x-amz-source"));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let failed =
        answer("HTTP/1.1 200 OK\r\nX-Amz-Function-Error: Unhandled\r\nContent-Length: 0\r\n\r\n");
    assert!(matches!(failed.await, Err(Error::Failed)));
    let denied = answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    assert!(denied.is_err_and(|error| error.is_denied()));
    let broken = answer("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(broken, Err(Error::Refused(500))));
    let text = "x".repeat(1001);
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n{text}");
    let large = answer(large.leak()).await;
    assert!(matches!(large, Err(Error::Unreachable(errand::Error::TooLarge { .. }))));
    let nowhere = call(&functions(Settings::default()), None).await;
    assert!(matches!(nowhere, Err(Error::NoEndpoint(_))));
}

#[tokio::test]
async fn without_tls_no_call_leaves_the_house() {
    let settings = Settings::parse(Some("http://1.1.1.1:9"), []).unwrap();
    let outside = call(&functions(settings), None).await;
    assert!(matches!(outside, Err(Error::Unreachable(errand::Error::NotPrivate(_)))));
}
