//! `breakfix plan` and `breakfix lint` over a tree of 400 pages and 1.3 MB, beside `cat` of the same files.
//! Wanted: at most 60 ms and 25 MiB for a plan on two cores, 150 ms for lint.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/measure.rs"]
mod measure;

use measure::{breakfix, side_by_side};

const PAGES: usize = 400;
const ROUNDS: usize = 21;
/// Any: it makes the whole tree one lab.
const SCENARIO: &str = "missing-worker-nodes";

fn main() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let pages = write_tree(&home.path().join("docs"));
    let bytes: u64 = pages
        .iter()
        .map(|page| fs::metadata(page).map_or(0, |metadata| metadata.len()))
        .sum();
    let mut cat = Command::new("cat");
    cat.args(&pages);
    let costs = side_by_side(
        ROUNDS,
        &mut [
            breakfix(home.path(), &["plan", "docs"]),
            breakfix(home.path(), &["plan", "docs", "--format", "json"]),
            breakfix(home.path(), &["plan", "docs", "--scenario", SCENARIO]),
            breakfix(home.path(), &["lint", "docs"]),
            cat,
        ],
    );
    println!(
        "plan of {} pages, {} kB (medians of {ROUNDS})",
        pages.len(),
        bytes / 1000
    );
    for (name, cost) in ["plan", "plan as JSON", "as one lab", "lint", "cat"]
        .iter()
        .zip(&costs)
    {
        let ratio = cost.wall.as_secs_f64() / costs[4].wall.as_secs_f64();
        println!("  {name:14}{cost}   {ratio:5.1} x cat");
    }
}

/// Modules of parts of pages, with hooks, in the proportions of a real workshop: four tested blocks a page.
fn write_tree(root: &Path) -> Vec<PathBuf> {
    const MODULES: usize = 20;
    const PARTS: usize = 4;
    let mut pages = Vec::new();
    for module in 0..MODULES {
        for part in 0..PARTS {
            let directory = root.join(format!("module-{module:02}/part-{part}"));
            let tests = directory.join("tests");
            fs::create_dir_all(&tests).expect("a directory");
            fs::write(tests.join("hook-ready.sh"), "#!/bin/bash\n").expect("a file");
            for page in 0..PAGES / MODULES / PARTS {
                let name = if page == 0 {
                    "index.md".to_owned()
                } else {
                    format!("page-{page}.md")
                };
                let path = directory.join(name);
                fs::write(&path, text(page)).expect("a file");
                pages.push(path);
            }
        }
    }
    pages
}

fn text(page: usize) -> String {
    const PROSE: &str = "Kubernetes schedules a pod onto a node that has room for it, and the autoscaler adds a node when none has. [More](https://example.com/scheduling) is in its documentation.\n";
    let mut text = format!(
        "---\ntitle: Page {page}\nsidebar_position: {} # in steps of ten\n---\n\n::required-time\n",
        10 * page
    );
    for (number, block) in BLOCKS.iter().enumerate() {
        text += &format!(
            "\n## Section {number}\n\n{}\n:::info\nA note about **this**.\n:::\n\n{block}",
            PROSE.repeat(3)
        );
    }
    text
}

const BLOCKS: [&str; 4] = [
    "```bash timeout=60 hook=ready\n$ kubectl get nodes --selector=eks.amazonaws.com/nodegroup=default\nNAME     STATUS   AGE\nnode-1   Ready    3m9s\nnode-2   Ready    3m9s\n```\n",
    "```bash\n$ aws eks describe-nodegroup --cluster-name \"$EKS_CLUSTER_NAME\" \\\n    --nodegroup-name default \\\n    --query 'nodegroup.{Status:status,Issues:health.issues}' | jq .\n{\n  \"Status\": \"ACTIVE\",\n  ...\n}\n$ export NODES=$(kubectl get nodes -o json | jq -r '.items | length')\n```\n",
    "```bash wait=10\n$ cat <<'EOF' | kubectl apply -f -\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  level: |\n    debug\n    more\nEOF\nconfigmap/settings created\n```\n\n```yaml\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: nginx\n```\n",
    "```bash expectError=true\n$ for pod in web api; do\n  kubectl wait --for=condition=ready pod \"$pod\" --timeout=60s\ndone\n$ kubectl rollout status deployment/web && echo done\n```\n",
];
