//! How many requests a second the simulator answers, and how long the slowest of a hundred takes, beside an echo that
//! the same server stack serves to the same clients in the same round. Wanted: at least 70 % of the echo's requests.
//! Also what an idle world costs, and how soon it is ready. Arguments, as in `cargo bench --bench requests -- kms`,
//! choose the requests whose names contain one of them, or the `worlds`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use breakfix::simulator::serve::{Body, bind, refuse_plainly, serve};
use breakfix::simulator::{AccessKey, Configuration, Simulator};
use bytes::Bytes;
use http::{Request, Response};

/// Requests of each kind in a round, on each connection.
const REQUESTS: usize = 3_000;
const CONNECTIONS: usize = 4;
const ROUNDS: usize = 5;

/// A request as bytes, ready to be sent again and again: its signature holds for minutes.
struct Prepared {
    name: &'static str,
    address: SocketAddr,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    p99: Duration,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let simulator = runtime
        .block_on(Simulator::start(Configuration::default()))
        .expect("a simulator");
    let listener = runtime.block_on(bind()).expect("a port");
    let echo_address = listener.local_addr().expect("an address");
    let echo = |request: Request<Bytes>| async { Response::new(Body::full(request.into_body())) };
    runtime.spawn(serve(
        listener,
        None,
        echo,
        refuse_plainly,
        std::future::pending(),
    ));

    let mut requests = requests(&simulator, echo_address);
    requests.retain(|request| request.name == "echo" || is_wanted(request.name));
    println!("requests on {CONNECTIONS} connections, {REQUESTS} each (medians of {ROUNDS} rounds)");
    let mut rates: Vec<Vec<Rate>> = vec![Vec::new(); requests.len()];
    for _ in 0..ROUNDS {
        for (request, rates) in requests.iter().zip(&mut rates) {
            rates.push(measured(request));
        }
    }
    let medians: Vec<Rate> = rates.iter().map(|rates| median(rates)).collect();
    for (request, rate) in requests.iter().zip(&medians) {
        println!(
            "  {:32}{:8.0} req/s   p99 {:7.3} ms   {:3.0} % of the echo",
            request.name,
            rate.per_second,
            rate.p99.as_secs_f64() * 1e3,
            rate.per_second / medians[0].per_second * 100.0,
        );
    }
    if is_wanted("worlds") {
        worlds();
    }
}

fn is_wanted(name: &str) -> bool {
    let mut wanted = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    wanted
        .next()
        .is_none_or(|first| name.contains(&first) || wanted.any(|other| name.contains(&other)))
}

fn requests(simulator: &Simulator, echo: SocketAddr) -> Vec<Prepared> {
    let address: SocketAddr = simulator
        .aws_url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let key = simulator.learner_key();
    let call = |name, service, method, path: &str, headers: &[(&str, &str)], body: &str| Prepared {
        name,
        address,
        bytes: signed(&key, service, address, (method, path), headers, body),
    };
    let form = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    let json = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.GetKeyPolicy"),
    ];
    let describe = [json[0], ("x-amz-target", "TrentService.DescribeKey")];
    // GetKeyPolicy takes no alias.
    let described = call(
        "kms DescribeKey",
        "kms",
        "POST",
        "/",
        &describe,
        r#"{"KeyId":"alias/aws/ebs"}"#,
    );
    let key = key_id(&described);
    let group = "/clusters/eks-workshop/node-groups/default";
    vec![
        Prepared {
            name: "echo",
            address: echo,
            bytes: plain(echo, ("POST", "/"), &form, "Action=Echo&Version=2011-01-01"),
        },
        call("eks DescribeNodegroup", "eks", "GET", group, &[], ""),
        call(
            "kms GetKeyPolicy",
            "kms",
            "POST",
            "/",
            &json,
            &format!(r#"{{"KeyId":"{key}"}}"#),
        ),
        call(
            "autoscaling DescribeScalingActivities",
            "autoscaling",
            "POST",
            "/",
            &form,
            "Action=DescribeScalingActivities&Version=2011-01-01",
        ),
        call(
            "ec2 DescribeLaunchTemplateVersions",
            "ec2",
            "POST",
            "/",
            &form,
            "Action=DescribeLaunchTemplateVersions&Version=2016-11-15&LaunchTemplateVersion.1=%24Latest",
        ),
    ]
}

/// The id of the key that an answer describes.
fn key_id(request: &Prepared) -> String {
    let stream = TcpStream::connect(request.address).expect("a connection");
    let mut reader = BufReader::new(stream);
    reader.get_mut().write_all(&request.bytes).expect("sent");
    let answer = read_answer(&mut reader, request.name);
    let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
    let id = answer["KeyMetadata"]["KeyId"].as_str().expect("an id");
    id.to_owned()
}

fn signed(
    key: &AccessKey,
    service: &str,
    address: SocketAddr,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let credentials = Credentials::new(&key.id, &key.secret, None, None, "benchmark");
    let identity = credentials.into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("us-west-2")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("complete parameters")
        .into();
    let host = address.to_string();
    let mut headers = headers.to_vec();
    headers.push(("host", &host));
    let url = format!("http://{host}{path}");
    let request = SignableRequest::new(
        method,
        &url,
        headers.iter().copied(),
        SignableBody::Bytes(body.as_bytes()),
    );
    let (instructions, _) = sign(request.expect("a request"), &parameters)
        .expect("a signature")
        .into_parts();
    let added: Vec<(&str, &str)> = instructions.headers().collect();
    headers.extend(added);
    headers.retain(|(name, _)| *name != "host");
    plain(address, (method, path), &headers, body)
}

fn plain(
    address: SocketAddr,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n{lines}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn measured(request: &Prepared) -> Rate {
    let started = Instant::now();
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| one_connection(request)))
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("a client that ends"))
            .collect()
    });
    let wall = started.elapsed();
    times.sort_unstable();
    Rate {
        per_second: times.len() as f64 / wall.as_secs_f64(),
        p99: times[times.len() * 99 / 100],
    }
}

fn one_connection(request: &Prepared) -> Vec<Duration> {
    let stream = TcpStream::connect(request.address).expect("a connection");
    stream.set_nodelay(true).expect("an option of the socket");
    let mut reader = BufReader::new(stream);
    (0..REQUESTS)
        .map(|_| {
            let started = Instant::now();
            reader.get_mut().write_all(&request.bytes).expect("sent");
            read_answer(&mut reader, request.name);
            started.elapsed()
        })
        .collect()
}

/// Reads one answer, which is a good one; returns its body.
fn read_answer(reader: &mut BufReader<TcpStream>, name: &str) -> Vec<u8> {
    let mut line = String::new();
    let mut length = 0;
    let mut first = true;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("an answer");
        if std::mem::take(&mut first) {
            assert!(line.contains(" 200 "), "{name}: {line}");
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the whole answer");
    body
}

fn median(rates: &[Rate]) -> Rate {
    let middle = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let p99 = middle(rates.iter().map(|rate| rate.p99.as_secs_f64()).collect());
    Rate {
        per_second: middle(rates.iter().map(|rate| rate.per_second).collect()),
        p99: Duration::from_secs_f64(p99),
    }
}

/// Worlds that are served at once.
const WORLDS: usize = 100;

/// Starts a hundred simulators, each a process with a world of its own, and looks at what they cost.
fn worlds() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut ready = Vec::new();
    let mut children: Vec<Child> = Vec::new();
    for _ in 0..WORLDS {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .arg("simulate")
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("breakfix");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        assert!(
            said.lines()
                .any(|line| line.expect("text").contains("ready"))
        );
        ready.push(started.elapsed());
        children.push(child);
    }
    ready.sort_unstable();
    let mut memory: Vec<(u64, u64)> = children.iter().filter_map(resident).collect();
    memory.sort_unstable();
    println!("{WORLDS} worlds, a process each");
    println!(
        "  ready after (median, slowest)   {:.1} ms, {:.1} ms",
        ready[WORLDS / 2].as_secs_f64() * 1e3,
        ready[WORLDS - 1].as_secs_f64() * 1e3
    );
    if let Some((total, own)) = memory.get(memory.len() / 2) {
        println!(
            "  memory of an idle one (median)  {:.1} MiB, {:.1} MiB of that its own",
            *total as f64 / 1024.0,
            *own as f64 / 1024.0
        );
    }
    for child in &mut children {
        // One that has ended already is what we want.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Resident memory and the part of it that no file backs, in KiB; `None` off Linux.
fn resident(child: &Child) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((field("VmRSS:")?, field("RssAnon:")?))
}
