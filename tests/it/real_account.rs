//! Real accounts: the same code path, with a simulator where the account is.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use breakfix::cloud::Cloud;
use breakfix::cloud::aws::Endpoint;
use breakfix::session::ledger::Ledger;
use breakfix::session::{Session, Wish, lifetime, observed, undo};
use breakfix::simulator::clock::Pace;
use breakfix::simulator::{AccessKey, Configuration, Simulator};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ground::Ground;
use super::support::{Breakfix, Outcome, breakfix, copy_tree, project, wait_until};

const SCENARIO: &str = "missing-worker-nodes";
const ACCOUNT: &str = "123456789012";
const ON: [&str; 6] = [
    "--account",
    ACCOUNT,
    "--region",
    "us-west-2",
    "--cluster",
    "eks-workshop",
];

/// Time flows so fast that what breakfix waits for is there at its next look.
const FAST: f64 = 300.0;

impl Drop for Owner {
    fn drop(&mut self) {
        for observer in self.observers() {
            let _ = rustix::process::kill_process(observer, rustix::process::Signal::KILL);
        }
    }
}

/// Somebody with the keys of a simulated account and nothing else.
struct Owner {
    ground: Ground,
    home: Breakfix,
}

impl Owner {
    fn new(pace: Pace) -> Owner {
        let ground = Ground::with(Configuration {
            pace,
            ..Configuration::default()
        });
        let key = ground.simulator.learner_key();
        let home = breakfix(&[])
            .env("AWS_ENDPOINT_URL", &ground.simulator.aws_url())
            .env("AWS_ACCESS_KEY_ID", &key.id)
            .env("AWS_SECRET_ACCESS_KEY", &key.secret)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Owner { ground, home }
    }

    #[track_caller]
    fn call(&self, arguments: &[&str], status: i32) -> Outcome {
        let outcome = self.home.call(arguments);
        let Outcome { stdout, stderr, .. } = &outcome;
        assert_eq!(outcome.status, status, "{arguments:?}\n{stdout}\n{stderr}");
        outcome
    }

    fn tag(&self, name: &str, value: Option<&str>) {
        let eks = aws_sdk_eks::Client::new(&config(&self.ground.simulator));
        let arn = format!("arn:aws:eks:us-west-2:{ACCOUNT}:cluster/eks-workshop");
        self.ground.run(async {
            match value {
                Some(value) => {
                    let request = eks.tag_resource().resource_arn(arn).tags(name, value);
                    request.send().await.map(drop).unwrap();
                }
                None => {
                    let request = eks.untag_resource().resource_arn(arn).tag_keys(name);
                    request.send().await.map(drop).unwrap();
                }
            }
        });
    }

    fn last(&self) -> u64 {
        let events = self.ground.simulator.events(0);
        events.last().map_or(0, |event| event.number)
    }

    /// What callers, and not services, changed after that call.
    fn changes_since(&self, number: u64) -> Vec<(String, Value)> {
        let events = self.ground.simulator.events(number);
        events
            .iter()
            .filter(|event| !event.read_only && event.access_key.is_some())
            .map(|event| (event.operation.clone(), event.parameters.clone()))
            .collect()
    }

    /// Processes that listen to its clients.
    fn observers(&self) -> Vec<rustix::process::Pid> {
        let home = format!(
            "XDG_STATE_HOME={}",
            self.home.root().join("state").display()
        );
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let has = |process: &Path, file: &str, text: &str| {
            let found = std::fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&found)
                .split('\0')
                .any(|part| part == text)
        };
        processes
            .filter(|process| has(&process.path(), "cmdline", "observe"))
            .filter(|process| has(&process.path(), "environ", &home))
            .filter_map(|process| process.file_name().to_string_lossy().parse().ok())
            .filter_map(rustix::process::Pid::from_raw)
            .collect()
    }

    fn sessions(&self) -> Vec<String> {
        let sessions = self.home.root().join("state/breakfix/sessions");
        let entries = std::fs::read_dir(sessions).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }
}

/// For clients of the account's owner.
fn config(simulator: &Simulator) -> SdkConfig {
    let key = simulator.learner_key();
    let credentials = Credentials::from_keys(key.id, key.secret, None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .endpoint_url(simulator.aws_url())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

#[test]
fn nothing_is_changed_before_the_account_is_named_opted_in_and_confirmed() {
    let owner = Owner::new(Pace::Instant);
    let start = |rest: &[&'static str]| [&["start", SCENARIO, "--on", "aws"], rest].concat();
    let refused = |arguments: &[&str], status: i32, texts: &[&str]| {
        let before = owner.last();
        let outcome = owner.call(arguments, status);
        for text in texts {
            assert!(
                outcome.stderr.contains(text),
                "{arguments:?}: {}",
                outcome.stderr
            );
        }
        assert_eq!(owner.changes_since(before), []);
        assert_eq!(owner.sessions(), Vec::<String>::new());
        outcome.stderr
    };
    refused(&start(&[]), 2, &["--account", "--region", "--cluster"]);
    refused(
        &start(&["--account", "12345", "--region", "r", "--cluster", "c"]),
        2,
        &["twelve digits"],
    );
    let other = [
        "--account",
        "210987654321",
        "--region",
        "us-west-2",
        "--cluster",
        "eks-workshop",
        "--yes",
    ];
    refused(
        &start(&other),
        2,
        &["of account 123456789012", "--account says 210987654321"],
    );
    let named = |rest: &[&'static str]| start(&[&ON[..], rest].concat());
    refused(
        &named(&["--yes"]),
        2,
        &[
            "does not allow labs",
            "aws eks tag-resource",
            "breakfix:allow=true",
        ],
    );
    let elsewhere = [
        "--account",
        ACCOUNT,
        "--region",
        "us-west-2",
        "--cluster",
        "eks-workshpo",
        "--yes",
    ];
    refused(
        &start(&elsewhere),
        2,
        &["there is no cluster eks-workshpo", "--cluster"],
    );
    owner.tag("breakfix:allow", Some("true"));
    for environment in ["prod", "production"] {
        owner.tag("env", Some(environment));
        refused(
            &named(&["--yes"]),
            2,
            &["is tagged env=prod", "use another cluster"],
        );
    }
    owner.tag("env", None);
    // With the plan shown, and nobody to say yes.
    let shown = refused(
        &named(&[]),
        2,
        &["Nobody can be asked here: say --yes", "per hour"],
    );
    assert!(shown.contains("node group new_nodegroup_1"), "{shown}");
    let reap = [&["reap"], &ON[..]].concat();
    assert_eq!(owner.call(&reap, 0).stdout, "nothing to reap\n");

    // Only for the simulator, says this one.
    let own = owner.home.work().join("own");
    copy_tree(&project().join("scenarios"), &own);
    let file = own.join(SCENARIO).join("scenario.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\nsimulator_only: true\n")).unwrap();
    refused(
        &named(&["--yes", "--scenarios", "own"]),
        2,
        &["for the simulator only"],
    );
}

#[test]
fn without_credentials_nothing_can_be_told() {
    let simulator = Ground::new();
    let home = breakfix(&[])
        .env("AWS_ENDPOINT_URL", &simulator.simulator.aws_url())
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let start = [&["start", SCENARIO, "--on", "aws", "--yes"], &ON[..]].concat();
    let outcome = home.call(&start);
    assert_eq!(outcome.status, 4, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("the credentials are not accepted"),
        "{}",
        outcome.stderr
    );
    // A secret that is wrong is as good as none.
    let home = home
        .env("AWS_ACCESS_KEY_ID", "AKIA0000000000000000")
        .env("AWS_SECRET_ACCESS_KEY", "wrong");
    let outcome = home.call(&start);
    assert_eq!(outcome.status, 4, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("the credentials are not accepted"),
        "{}",
        outcome.stderr
    );
}

/// The only test that waits as one does on a real account; the world is as much faster.
#[test]
fn a_lab_on_an_account_from_plan_to_reap() {
    let owner = Owner::new(Pace::Times(FAST));
    owner.tag("breakfix:allow", Some("true"));
    let untouched = owner.ground.simulator.inventory();
    let before = owner.last();
    let start = [&["start", SCENARIO, "--on", "aws", "--yes"], &ON[..]].concat();
    let started = owner.call(&start, 0);
    let plan: Vec<&str> = started
        .stderr
        .lines()
        .filter(|line| line.starts_with("  - "))
        .collect();
    let made = owner.changes_since(before);
    let operations: Vec<&str> = made
        .iter()
        .map(|(operation, _)| operation.as_str())
        .collect();
    // Each line of the plan, in its order, and what it does.
    let planned = [
        ("KMS key key", "CreateKey"),
        ("KMS key key", "EnableKeyRotation"),
        ("KMS alias alias/new_kms_key_alias_", "CreateAlias"),
        ("launch template new_nodegroup_1", "CreateLaunchTemplate"),
        ("node group new_nodegroup_1", "CreateNodegroup"),
        ("size of node group", "UpdateNodegroupConfig"),
    ];
    assert_eq!(operations, planned.map(|(_, operation)| operation));
    let lines: BTreeSet<&str> = planned.map(|(line, _)| line).into();
    assert_eq!(plan.len(), lines.len(), "{plan:#?}");
    for line in lines {
        assert!(
            plan.iter().any(|planned| planned.contains(line)),
            "{line}: {plan:#?}"
        );
    }
    assert!(started.stderr.contains("(about $0."), "{}", started.stderr);
    // Everything says whose it is.
    for (operation, parameters) in &made {
        let text = parameters.to_string();
        let is_new = ["CreateKey", "CreateLaunchTemplate", "CreateNodegroup"];
        if is_new.contains(&&**operation) {
            for tag in ["session", "scenario", "expires-at", "managed-by"] {
                assert!(
                    text.contains(&format!("breakfix:{tag}")),
                    "{operation}: {text}"
                );
            }
        }
    }
    let judged = owner.call(&["check", "--format", "json"], 1).json();
    assert!(
        judged["session"]["place"]
            .as_str()
            .unwrap()
            .contains(ACCOUNT),
        "{judged:#}"
    );
    let judged = judged["checks"].as_array().unwrap();
    assert!(
        judged.iter().all(|check| check["verdict"] != "cannot tell"),
        "{judged:#?}"
    );
    let environment = owner.call(&["env"], 0).stdout;
    assert!(
        environment.contains("export NEW_KMS_KEY_ID='"),
        "{environment}"
    );
    assert!(!environment.contains("AWS_SECRET"), "{environment}");

    owner.call(&["finish"], 0);
    let after = owner.ground.simulator.inventory();
    assert_eq!(
        breakfix::prove::differences(&untouched, &after),
        Vec::<String>::new()
    );
    assert_eq!(owner.sessions(), Vec::<String>::new());
    let reap = [&["reap", "--all"], &ON[..]].concat();
    assert_eq!(owner.call(&reap, 0).stdout, "nothing to reap\n");
}

/// Breaks the account from a journal that nobody has afterwards.
fn forgotten(owner: &Owner, time_to_live: Duration) -> String {
    let home = tempfile::tempdir().unwrap();
    let wish = Wish {
        time_to_live,
        ..Wish::default()
    };
    let cloud = owner.ground.cloud();
    let source = breakfix::scenarios::load(SCENARIO, None).unwrap();
    let mut session = Session::begin(home.path(), source, cloud, &wish).unwrap();
    owner.ground.run(session.build()).unwrap();
    session.id().to_owned()
}

#[test]
fn what_nobody_finishes_is_reaped_by_its_tags() {
    let owner = Owner::new(Pace::Times(FAST));
    owner.tag("breakfix:allow", Some("true"));
    let untouched = owner.ground.simulator.inventory();
    let reap = |rest: &[&str], status: i32| {
        let arguments = [&["reap"], &ON[..], rest].concat();
        owner.call(&arguments, status)
    };
    let gone = || {
        let after = owner.ground.simulator.inventory();
        assert_eq!(
            breakfix::prove::differences(&untouched, &after),
            Vec::<String>::new()
        );
    };
    let session = forgotten(&owner, Duration::from_secs(3600));
    // Its time is not over, and no other session is meant.
    assert_eq!(reap(&["--yes"], 0).stdout, "nothing to reap\n");
    assert_eq!(
        reap(&["--yes", "--session", "other"], 0).stdout,
        "nothing to reap\n"
    );
    let refused = reap(&["--all"], 2);
    for text in ["node group new_nodegroup_1", "KMS key", "say --yes"] {
        assert!(refused.stderr.contains(text), "{}", refused.stderr);
    }
    let reaped = reap(&["--yes", "--session", &session], 0);
    assert!(
        reaped.stdout.contains("nothing is left"),
        "{}",
        reaped.stdout
    );
    gone();
    forgotten(&owner, Duration::ZERO);
    // Times are told in whole seconds: the nearest one may be still to come.
    let is_over = || expiries(&owner).iter().all(|at| *at <= Timestamp::now());
    wait_until("the end of its time", is_over);
    let reaped = reap(&["--yes"], 0);
    assert!(
        reaped.stdout.contains("nothing is left"),
        "{}",
        reaped.stdout
    );
    gone();
}

/// Sends datagrams to the observer of a session.
fn tell(port: u16, datagrams: &[Value]) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in datagrams {
        let text = datagram.to_string();
        socket
            .send_to(text.as_bytes(), ("127.0.0.1", port))
            .unwrap();
    }
}

/// Every byte of every file below a directory.
fn everything_below(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => all.extend(everything_below(&path)),
            path => all.extend(std::fs::read(path).unwrap_or_default()),
        }
    }
    all
}

/// Tags by which things may be reaped, of everything that the session made. What Auto Scaling launches meanwhile says
/// what the launch template did at first.
fn expiries(owner: &Owner) -> Vec<Timestamp> {
    let left = owner.ground.run(owner.ground.cloud().left_by_anyone());
    let launched = ["instance", "volume", "network interface"];
    let made = left.unwrap().into_iter();
    let made = made.filter(|left| !launched.contains(&left.kind));
    made.filter_map(|left| left.expires_at).collect()
}

fn desired(owner: &Owner) -> i32 {
    let eks = aws_sdk_eks::Client::new(&config(&owner.ground.simulator));
    let request = eks.describe_nodegroup().cluster_name("eks-workshop");
    let request = request.nodegroup_name("new_nodegroup_1");
    let group = owner.ground.run(request.send()).unwrap().nodegroup.unwrap();
    group.scaling_config.unwrap().desired_size.unwrap()
}

#[test]
fn a_session_on_an_account_is_observed_extended_paused_and_reset() {
    let owner = Owner::new(Pace::Times(FAST));
    owner.tag("breakfix:allow", Some("true"));
    let untouched = owner.ground.simulator.inventory();
    let rest = ["--on", "aws", "--yes", "--ttl", "1s"];
    let start = [&["start", SCENARIO], &rest[..], &ON[..]].concat();
    let started = owner.call(&start, 0);
    assert!(
        started.stderr.contains("--observe=off turns that off"),
        "{}",
        started.stderr
    );
    // Nobody listens to a session whose time is over.
    assert!(!owner.call(&["env"], 0).stdout.contains("AWS_CSM"));
    let extended = owner.call(&["extend", "12h", "--format", "json"], 0).json();
    assert_eq!(extended["changed"], true);
    let until: Timestamp = extended["session"]["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(expiries(&owner).len() >= 4);
    assert!(expiries(&owner).iter().all(|at| *at == until));
    let reap = [&["reap", "--yes"], &ON[..]].concat();
    assert_eq!(owner.call(&reap, 0).stdout, "nothing to reap\n");
    let again = owner.call(&["extend", "2h", "--format", "json"], 0).json();
    assert_eq!(again["changed"], false);
    assert_eq!(
        again["session"]["expires_at"],
        extended["session"]["expires_at"]
    );

    // What the real client says of itself is kept, as far as it is harmless.
    let session = owner.sessions()[0].clone();
    let state = owner.home.root().join("state");
    let directory = state.join("breakfix/sessions").join(&session);
    let called = owner.home.bash(
        "eval \"$(\"$BREAKFIX\" env)\"\n\
         aws eks describe-nodegroup --cluster-name \"$EKS_CLUSTER_NAME\" --nodegroup-name new_nodegroup_1\n\
         aws kms describe-key --key-id alias/nobody\n\
         aws autoscaling describe-scaling-activities --auto-scaling-group-name \"$NEW_NODEGROUP_1_ASG_NAME\"\n\
         echo \"port=$AWS_CSM_PORT client=$AWS_CSM_CLIENT_ID\"",
    );
    let last = called.stdout.lines().last().unwrap();
    let port: u16 = last["port=".len()..]
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    wait_until("two calls", || observed::read(&directory).len() == 2);
    let calls = observed::read(&directory);
    let operations: Vec<String> = calls
        .iter()
        .map(|call| format!("{}:{}", call.service, call.operation))
        .collect();
    assert_eq!(
        operations,
        [
            "eks:DescribeNodegroup",
            "autoscaling:DescribeScalingActivities"
        ]
    );
    // A record that carries secrets, whole and as an attempt, ours and another's.
    let mut record = json!({
        "Version": 1, "ClientId": format!("breakfix-{session}"), "Type": "ApiCall", "Service": "EC2",
        "Api": "DescribeVpcs", "Timestamp": 1_700_000_000_000_i64, "FinalHttpStatusCode": 200,
        "SessionToken": "SECRET/TOKEN", "AccessKey": "ASIASECRET",
    });
    let mut attempt = record.clone();
    attempt["Type"] = json!("ApiCallAttempt");
    let mut foreign = record.clone();
    foreign["ClientId"] = json!("somebody");
    foreign["Api"] = json!("DescribeImages");
    tell(port, &[attempt, foreign, json!("garbage"), record.clone()]);
    wait_until("the whole record", || observed::read(&directory).len() == 3);
    assert_eq!(observed::read(&directory)[2].operation, "DescribeVpcs");
    let text = String::from_utf8_lossy(&everything_below(&state)).into_owned();
    for secret in ["SECRET/TOKEN", "ASIASECRET", "DescribeImages"] {
        assert!(!text.contains(secret), "{secret} was kept");
    }

    // Killed, it is there again for the next verb, where the terminals look for it.
    for observer in owner.observers() {
        rustix::process::kill_process(observer, rustix::process::Signal::KILL).unwrap();
    }
    wait_until("its end", || owner.observers().is_empty());
    owner.call(&["check"], 1);
    assert_eq!(owner.observers().len(), 1);
    record["Api"] = json!("DescribeSubnets");
    tell(port, &[record]);
    wait_until("one more record", || observed::read(&directory).len() == 4);
    assert_eq!(observed::read(&directory)[3].number, 5);

    // Paused, nothing costs by the hour, and nobody reaps.
    assert_eq!(desired(&owner), 1);
    let paused = owner.call(&["pause"], 0);
    assert!(
        paused.stdout.contains("node groups are scaled to 0"),
        "{}",
        paused.stdout
    );
    assert_eq!(desired(&owner), 0);
    assert!(owner.observers().is_empty());
    assert!(expiries(&owner).iter().all(|at| *at > until));
    for verb in ["check", "env", "shell"] {
        let refused = owner.call(&[verb], 2);
        assert!(
            refused.stderr.contains("breakfix resume"),
            "{}",
            refused.stderr
        );
    }
    owner.call(&["pause"], 0);
    owner.call(&["resume"], 0);
    assert_eq!(desired(&owner), 1);
    let resumed = owner.call(&["resume", "--format", "json"], 0).json();
    assert_eq!(resumed["changed"], false);
    let later: Timestamp = resumed["session"]["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(later >= until && expiries(&owner).iter().all(|at| *at == later));
    assert!(
        owner
            .call(&["env"], 0)
            .stdout
            .contains(&format!("AWS_CSM_PORT='{port}'"))
    );

    // Back to the beginning, with the plan shown and confirmed.
    let unconfirmed = owner.call(&["reset"], 2);
    assert!(
        unconfirmed.stderr.contains("say --yes"),
        "{}",
        unconfirmed.stderr
    );
    let reset = owner.call(&["reset", "--yes"], 0);
    assert!(reset.stderr.contains("KMS key key"), "{}", reset.stderr);
    assert!(expiries(&owner).iter().all(|at| *at == later));
    owner.call(&["check"], 1);

    owner.call(&["finish"], 0);
    assert!(owner.observers().is_empty());
    let after = owner.ground.simulator.inventory();
    assert_eq!(
        breakfix::prove::differences(&untouched, &after),
        Vec::<String>::new()
    );
}

#[test]
fn nobody_observes_whom_that_is_switched_off_for_and_an_observer_ends_with_its_session() {
    let owner = Owner::new(Pace::Times(FAST));
    owner.tag("breakfix:allow", Some("true"));
    let start = |rest: &[&'static str]| {
        let arguments = [&["start", SCENARIO, "--on", "aws", "--yes"], &ON[..], rest].concat();
        owner.call(&arguments, 0)
    };
    let started = start(&["--observe", "off"]);
    assert!(
        !started.stderr.contains("--observe=off"),
        "{}",
        started.stderr
    );
    assert!(!owner.call(&["env"], 0).stdout.contains("AWS_CSM"));
    assert!(owner.observers().is_empty());
    owner.call(&["finish"], 0);
    start(&[]);
    assert_eq!(owner.observers().len(), 1);
    let directory = owner.home.root().join("state/breakfix/sessions");
    std::fs::remove_dir_all(directory).unwrap();
    wait_until("its end", || owner.observers().is_empty());
}

/// The documented policy for the simulated account.
fn policy() -> Value {
    let file = project().join("docs/real-account-policy.json");
    let text = std::fs::read_to_string(file).unwrap();
    let text = text
        .replace("ACCOUNT", ACCOUNT)
        .replace("REGION", "us-west-2")
        .replace("CLUSTER", "eks-workshop")
        .replace("NODE_ROLE", "eks-workshop-node");
    serde_json::from_str(&text).unwrap()
}

/// Clients of a user with this policy and no other.
fn cloud_with(ground: &Ground, name: &str, policy: &Value) -> Cloud {
    let iam = aws_sdk_iam::Client::new(&config(&ground.simulator));
    let key = ground.run(async {
        iam.create_user().user_name(name).send().await.unwrap();
        let request = iam.create_policy().policy_name(name);
        let made = request.policy_document(policy.to_string()).send().await;
        let arn = made.unwrap().policy.unwrap().arn.unwrap();
        let request = iam.attach_user_policy().user_name(name).policy_arn(arn);
        request.send().await.unwrap();
        let made = iam.create_access_key().user_name(name).send().await;
        let key = made.unwrap().access_key.unwrap();
        AccessKey {
            id: key.access_key_id,
            secret: key.secret_access_key,
        }
    });
    ground.cloud_at(Endpoint::Simulator {
        url: ground.simulator.aws_url(),
        access_key: key.id,
        secret_key: key.secret,
    })
}

/// Breaks and takes back everything that variants use; what could not be done.
fn cycle(ground: &Ground, cloud: &Cloud) -> Vec<String> {
    let mut trouble = Vec::new();
    for variant in [
        "grant-revoked+key-disabled",
        "template-names-no-key",
        "key-pending-deletion",
    ] {
        let home = tempfile::tempdir().unwrap();
        let wish = Wish {
            variant: Some(variant.to_owned()),
            time_to_live: Duration::from_secs(3600),
            ..Wish::default()
        };
        let source = breakfix::scenarios::load(SCENARIO, None).unwrap();
        let mut session = Session::begin(home.path(), source, cloud.clone(), &wish).unwrap();
        let directory = session.directory().to_owned();
        let injected = ground.run(session.inject());
        trouble.extend(injected.err().map(|error| format!("{error:#}")));
        drop(session);
        let mut ledger = Ledger::open(&directory).unwrap();
        let lived = ground.run(async {
            lifetime::extend(&mut ledger, Some(cloud), Duration::from_secs(7200)).await?;
            lifetime::pause(&mut ledger, Some(cloud)).await?;
            lifetime::resume(&mut ledger, Some(cloud)).await
        });
        trouble.extend(lived.err().map(|error| format!("{error:#}")));
        trouble.extend(ground.run(undo::undo(&mut ledger, cloud)).unwrap());
        if !trouble.is_empty() {
            // Somebody who may do everything cleans up.
            let mut ledger = Ledger::open(&directory).unwrap();
            let left = ground
                .run(undo::undo(&mut ledger, &ground.cloud()))
                .unwrap();
            assert_eq!(left, Vec::<String>::new());
            break;
        }
    }
    trouble
}

#[test]
fn the_documented_policy_is_enough_and_none_of_it_is_too_much() {
    let ground = Ground::new();
    let before = ground.simulator.inventory();
    let policy = policy();
    let whole = cloud_with(&ground, "whole", &policy);
    assert_eq!(cycle(&ground, &whole), Vec::<String>::new());
    // Also the next key policy is one that the caller may not put.
    let refusals = [
        "not authorized",
        "denied",
        "update the key policy in the future",
    ];
    let mut unneeded = Vec::new();
    let statements = policy["Statement"].as_array().unwrap();
    for (at, statement) in statements.iter().enumerate() {
        let sid = statement["Sid"].as_str().unwrap();
        if statement["Effect"] == "Deny" {
            continue;
        }
        let mut rest = statements.clone();
        rest.remove(at);
        let part = json!({"Version": "2012-10-17", "Statement": rest});
        let trouble = cycle(
            &ground,
            &cloud_with(&ground, &format!("without-{sid}"), &part),
        );
        match trouble.is_empty() {
            true => unneeded.push(sid),
            false => assert!(
                trouble
                    .iter()
                    .any(|it| refusals.iter().any(|text| it.contains(text))),
                "{sid}: {trouble:#?}"
            ),
        }
    }
    // Roles of ours come with scenarios of your own, and the service-linked roles are there already. What EKS looks up
    // and would launch as the caller, the simulator does not ask for.
    assert_eq!(
        unneeded,
        [
            "NodegroupsLaunchFromTemplates",
            "LookAtNodeRole",
            "OwnNodeRole",
            "OwnNodeRoleAccess",
            "ServiceLinkedRoles",
        ]
    );
    let mut after = ground.simulator.inventory();
    // The users and their policies are this test's.
    let mut before = before;
    for world in [&mut before, &mut after] {
        world.as_object_mut().unwrap().remove("iam");
    }
    assert_eq!(
        breakfix::prove::differences(&before, &after),
        Vec::<String>::new()
    );
}
