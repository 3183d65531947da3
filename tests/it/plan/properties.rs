//! Whatever the bytes: the parser comes to an end, its places are in the text, and no prompt is lost.

use breakfix::lab;

#[path = "../../../fuzz/properties.rs"]
mod promises;

pub(crate) use promises::check_page;

/// Pieces that pages are made of, and that get in each other's way.
const PIECES: [&str; 76] = [
    "```bash\n",
    "```bash timeout=5 hook=x\n",
    "```bash raw=true\n",
    "```bash test=false\n",
    "```\n",
    "~~~bash\n",
    "~~~\n",
    "````bash\n",
    "````\n",
    "```sh\n",
    "```yaml\n",
    "    ```bash\n",
    "    ```\n",
    "\t```bash\n",
    "> ```bash\n",
    "> ```\n",
    "- ```bash\n",
    "  ```\n",
    "> ",
    "- ",
    "1. ",
    "\t",
    "    ",
    "$ ",
    "$",
    "$ cat <<EOF\n",
    "$ cat <<-'E F' | x\n",
    "EOF\n",
    "E F\n",
    "<<",
    "$ echo 'a\n",
    "$ echo \"$(b\n",
    "'",
    "\"",
    "`",
    "\\",
    "\\\n",
    "$(",
    "${",
    ")",
    "}",
    "((",
    "if ",
    "; then ",
    "fi\n",
    "for x in 1; do\n",
    "done\n",
    "case x in\n",
    "esac\n",
    "{",
    "f() {\n",
    "|",
    "&&",
    "&",
    ";",
    "# ",
    "<!--",
    "-->",
    "{/*",
    "*/}",
    "<details>",
    "</details>\n",
    ":::note\n",
    ":::\n",
    "# Title\n",
    "---\n",
    "title: x\n",
    "weight: [\n",
    "\r\n",
    "\r",
    "\n",
    "\n\n",
    "ノード",
    "\u{feff}",
    "\0",
    "word ",
];

/// A stream of numbers that is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 >> 33) as usize;
        mixed % bound
    }
}

#[test]
fn pages_of_any_pieces_are_read_and_no_prompt_is_lost() {
    let mut numbers = Numbers(41);
    for _ in 0..6_000 {
        let length = 1 + numbers.below(40);
        let source: String = (0..length)
            .map(|_| PIECES[numbers.below(PIECES.len())])
            .collect();
        check_page(&source);
    }
}

#[test]
fn pages_of_any_characters_are_read() {
    let alphabet: Vec<char> = "`~$ >-#<!/*{}()[]|&;'\"\\\n\r\t=.:abE0é\u{0}\u{2028}"
        .chars()
        .collect();
    let mut numbers = Numbers(7);
    for _ in 0..6_000 {
        let length = numbers.below(120);
        let body: String = (0..length)
            .map(|_| alphabet[numbers.below(alphabet.len())])
            .collect();
        check_page(&body);
        check_page(&format!("```bash\n$ {body}\n```\n"));
        check_page(&format!("---\n{body}\n---\n```bash {body}\n$ a\n```\n"));
    }
}

#[test]
fn mutations_of_the_labs_are_read_and_no_prompt_is_lost() {
    let labs = [
        include_str!("../../../content/troubleshooting/missing-worker-nodes.md"),
        include_str!("../../../content/i18n/ja/troubleshooting/missing-worker-nodes.md"),
    ];
    let mut numbers = Numbers(3);
    for round in 0..120 {
        let mut characters: Vec<char> = labs[round % 2].chars().collect();
        for _ in 0..=numbers.below(12) {
            let at = numbers.below(characters.len());
            match numbers.below(3) {
                0 => drop(characters.remove(at)),
                1 => {
                    let piece = PIECES[numbers.below(PIECES.len())];
                    characters.splice(at..at, piece.chars());
                }
                _ => {
                    let end = (at + numbers.below(80)).min(characters.len());
                    let moved: Vec<char> = characters.drain(at..end).collect();
                    let to = numbers.below(characters.len());
                    characters.splice(to..to, moved);
                }
            }
        }
        check_page(&characters.into_iter().collect::<String>());
    }
}
