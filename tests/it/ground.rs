//! A simulated account, and breakfix's own clients of it.

use std::sync::Arc;

use breakfix::cloud::aws::Endpoint;
use breakfix::cloud::kubernetes::Access;
use breakfix::cloud::{Cloud, Pause};
use breakfix::session::journal::Target;
use breakfix::simulator::{Configuration, Simulator};
use tokio::runtime::Runtime;

pub(crate) struct Ground {
    pub(crate) simulator: Arc<Simulator>,
    // After the simulator, which stops on it.
    runtime: Runtime,
}

impl Ground {
    pub(crate) fn new() -> Ground {
        Ground::with(Configuration::default())
    }

    pub(crate) fn with(configuration: Configuration) -> Ground {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let simulator = runtime.block_on(Simulator::start(configuration)).unwrap();
        Ground {
            simulator: Arc::new(simulator),
            runtime,
        }
    }

    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Fresh clients, as a new process has them.
    pub(crate) fn cloud(&self) -> Cloud {
        let key = self.simulator.operator_key();
        let endpoint = Endpoint::Simulator {
            url: self.simulator.aws_url(),
            access_key: key.id,
            secret_key: key.secret,
        };
        self.cloud_at(endpoint)
    }

    /// Clients that find the AWS APIs elsewhere.
    pub(crate) fn cloud_at(&self, endpoint: Endpoint) -> Cloud {
        let weak = Arc::downgrade(&self.simulator);
        let pause: Pause = Arc::new(move |duration| {
            let simulator = weak.upgrade();
            Box::pin(async move {
                if let Some(simulator) = simulator {
                    simulator.pass(duration).await;
                }
            })
        });
        let names = ("123456789012", "us-west-2", "eks-workshop");
        let kubernetes = Access::Kubeconfig(self.simulator.operator_kubeconfig());
        self.run(Cloud::connect(endpoint, names, kubernetes, pause))
            .unwrap()
    }
}

/// Where these clients are.
pub(crate) fn target() -> Target {
    Target {
        account: "123456789012".to_owned(),
        region: "us-west-2".to_owned(),
        cluster: "eks-workshop".to_owned(),
        ..Target::default()
    }
}
