# コマンドラインのヘルプ。英語のヘルプは src/cli.rs にある。キーの規則は src/cli/help.rs を参照。

help-heading-usage = 使い方:
help-heading-commands = コマンド
help-heading-arguments = 引数
help-heading-options = オプション
help-default = [デフォルト: { $value }]
help-values = [指定できる値: { $values }]
help-variable = [環境変数: { $name }]

help-error = エラー: { $why }
help-error-missing = 次の引数が必要です:
    {"  "}{ $arguments }
help-error-unknown-argument = 引数「{ $argument }」はありません
help-error-unknown-verb = コマンド「{ $verb }」はありません
help-error-missing-verb = コマンドを指定してください
help-error-twice = 引数「{ $argument }」は一度しか指定できません
help-error-conflict = 引数「{ $argument }」は「{ $other }」と同時に指定できません
help-error-no-value = 引数「{ $argument }」には値が必要です
help-error-too-many-values = 引数「{ $argument }」の値が多すぎます: 「{ $value }」
help-error-value = 「{ $value }」は引数「{ $argument }」の値として正しくありません
help-error-possible = 指定できる値: { $values }
help-error-similar = もしかして: { $values }
help-error-more = 詳しくは「--help」を指定してください。

help-exit-codes = 終了コード:
    {"  "}0    すべて成功し、すべてのチェックを達成した
    {"  "}1    ステップが失敗したか、チェックが未達成
    {"  "}2    コマンドラインに誤りがあるか、何も選択されていない
    {"  "}3    コンテンツに誤りがある
    {"  "}4    判定不能（環境に問題がある）
    {"  "}5    作成したリソースが残っている
    {"  "}6    未完了（状態が落ち着いていない）
    {"  "}130  中断された（INT、TERM、HUP）

help-breakfix = 障害対応ラボを実行します。環境をわざと壊し、修復を確かめます。
help-breakfix-long = 通常は、内蔵の AWS API と Kubernetes API のシミュレーターですべてを実行します。普段どおりの `aws`、`kubectl`、`jq` が使え、アカウントも費用も必要ありません。
help-help = このヘルプ、または指定したコマンドのヘルプを表示します

# すべてのコマンドに共通の引数。
help-arg-verbose = 標準エラー出力に詳しく表示します。2 回指定するとすべて表示します
help-arg-lang = メッセージの言語。`en` または `ja` [デフォルト: セッションの言語、なければロケールの言語]
help-arg-plain = スクリーンリーダーやログに適したプレーンテキスト。色、スピナー、再描画、ページャーを使いません
help-arg-help = ヘルプを表示します（`-h` は要約）
help-arg-version = バージョンを表示します

# 複数のコマンドに共通の引数。
help-arg-session = セッションの ID [デフォルト: 唯一のセッション]
help-arg-format = 標準出力への報告の形式
help-arg-format-terminal = 人が読むための形式
help-arg-format-json = プログラムのための形式。バージョン付きの JSON ドキュメント
help-arg-directory = シナリオを置いたディレクトリ。同じ名前なら組み込みのものより優先します
help-arg-scenarios = シナリオを置いたディレクトリ。同じ名前なら組み込みのものより優先します
help-arg-account = アカウント ID。認証情報はこのアカウントのものでなければなりません
help-arg-region = クラスターのリージョン
help-arg-cluster = EKS クラスター。タグ breakfix:allow=true が必要です
help-arg-yes = 実アカウントを変更する前に確認しません
help-arg-paths = レッスン。Markdown ファイル、またはそのディレクトリ
help-arg-glob = PATH 以下のパスが一致するページだけを対象にします。`*` は `/` にも一致します（例: `{"{"}module,module/**{"}"}`）
help-arg-steps = このステップだけを対象にします。番号か `id=` で指定し、複数回指定できます
help-arg-from = このステップ以降だけを対象にします
help-arg-to = このステップまでだけを対象にします
help-arg-scenario = 注入するシナリオ [デフォルト: レッスンのフロントマターに書かれたもの]
help-arg-source_tree = 対象のレッスンは DIR にあるレッスンの翻訳です。フック、`.notest`、シナリオは DIR のものを使います [デフォルト: `i18n/LANGUAGE` の配置に従う]
help-arg-state = そのディレクトリにワールドを保存しているシミュレーター。省略時は環境変数が示すもの

help-plan = 実行内容（ステップ、制限、フックなど）と誤りをすべて表示します
help-plan-arg-format = 標準出力への表示の形式

help-run = レッスンのステップを実行し、シナリオの修復を判定します
help-run-arg-format = 標準出力への報告の形式 [デフォルト: terminal]
help-run-arg-on = レッスンのコマンドを実行する場所
help-run-arg-on-simulator = 内蔵のシミュレーター。アカウントも費用も必要ありません
help-run-arg-on-aws = 実際の AWS アカウント。--account、--region、--cluster の指定が必要です
help-run-arg-on-none = シェルのみ。シナリオは使わず、今の環境のまま実行します
help-run-arg-variant = どの障害にするか。シナリオのバリアント名、二つ同時なら `a+b`、おまかせなら `random` [デフォルト: シナリオの最初のもの]
help-run-arg-clock = シミュレーターの時間の進み方。`instant`、`real`、または `20x` のような速度
help-run-arg-chaos = 再試行を試すために、シミュレーターがラボの呼び出しに起こす問題。`throttle=0.1` と `error=0.05`（リクエストの割合）、`latency=200ms` または `latency=50ms..400ms`、`seed=7` をカンマでつなぎます
help-run-arg-keep = ステップの後、ワールドをそのまま残します。元に戻さず、Ctrl-C まで提供し続けます
help-run-arg-reports = 報告をファイルに書き込みます。`-` は標準出力で、複数回指定できます。種類: terminal、json、timing、junit、github、summary（パスを省略すると $GITHUB_STEP_SUMMARY）
help-run-arg-retries = 失敗したステップを再試行する回数（ステップの指定より優先）。`retries=` のあるステップだけが対象です
help-run-arg-allow_flaky = 再試行で成功したステップを成功とみなします
help-run-arg-documented = コマンドの出力がレッスンの記載と異なる場合の扱い
help-run-arg-documented-report = 報告に 1 行で示します。-v で詳しく表示します
help-run-arg-documented-fail = レッスンの誤りとみなします（終了コード 3）
help-run-arg-documented-ignore = 比較しません
help-run-arg-bundle = 失敗したラボごとに、出力の記録、スクリプト、環境、観測結果、呼び出し、再現方法を残すディレクトリ [デフォルト: 実行のログと同じ場所]
help-run-arg-shard = 選択したラボを n 台のマシンで分担し、その i 番目の分だけを実行します。報告は `breakfix merge` で一つにまとめます
help-run-arg-durations = 負担が等しくなるように分けるための、ページごとの所要時間。`--report timing=FILE` が書いたファイル [デフォルト: ステップの数で分ける]
help-run-arg-update_durations = 全ステップが成功したページの今回の所要時間を、そのファイルに書き込みます。ほかのページの時間はそのまま残します
help-run-arg-rerun_failed = 前回の実行の JSON 報告で、失敗したか、途中で終わったか、判定できなかったラボだけを実行します
help-run-arg-resume_from = このステップから始めます。その前のステップは準備として実行し、成功する必要がありますが、結果には数えません
help-run-arg-shell_per = 変数、関数、ディレクトリとともに一つのシェルを共有する範囲
help-run-arg-shell_per-page = ページごとに新しく始めます
help-run-arg-shell_per-lab = ラボのページで共有します
help-run-arg-shell_per-run = すべてのラボで共有します。`--on none` の場合のみ
help-run-arg-bail = 最初に失敗したステップまたはスイートのフックで、すべてを停止します
help-run-arg-page_timeout = 各ページのステップ全体の制限時間（ラボの時間）。秒数、または `90s`、`5m`、`1h`
help-run-arg-run_timeout = 実行全体の制限時間（実時間）。秒数、または `90s`、`5m`、`1h`
help-run-arg-mask = この変数の値も隠します。`*_TOKEN`、`*_PASSWORD`、`*_SECRET*` は常に隠されます

help-start = 学習者のために環境を壊し、`finish` まで壊れたままにします
help-start-arg-scenario = 環境を壊すシナリオ
help-start-arg-variant = どの障害にするか。バリアント名、二つ同時なら `a+b`、名前を伏せておまかせにするなら `random` [デフォルト: シナリオの最初のもの]
help-start-arg-on = 環境を壊す場所
help-start-arg-on-simulator = バックグラウンドで動く内蔵のシミュレーター。アカウントも費用も必要ありません
help-start-arg-on-aws = 実際の AWS アカウント。--account、--region、--cluster の指定が必要です
help-start-arg-clock = 学習者にとってのシミュレーターの時間の進み方。`real`、`instant`、または `20x` のような速度
help-start-arg-ttl = セッションの寿命。過ぎると `reap` が忘れられたものとみなします

help-check = 修復がどこまで進んだかを、現在の状態から判定します
help-check-arg-wait = まだ達成していないものを待つ時間。秒数、または `90s`、`5m`、`1h`

help-env = ターミナルを環境に接続します: eval "$(breakfix env)"
help-sessions = 開いているセッションを一覧表示します

help-finish = 作成したものをすべて元に戻し、残りがないことを確かめます
help-finish-arg-all = 開いているすべてのセッション

help-reap = アカウントに作成したものを、タグだけを手がかりに削除します
help-reap-arg-session = 期限にかかわらず、このセッションが作成したものだけを対象にします
help-reap-arg-all = 期限が過ぎていないセッションのものも対象にします
help-reap-arg-yes = 確認しません

help-prove = シナリオを検証し、修復の成否が正しく判定されるか確かめます
help-prove-arg-scenarios = シナリオの名前
help-prove-arg-all = すべてのシナリオ
help-prove-arg-variant = このバリアントだけ。二つの障害を同時に試すなら `a+b`
help-prove-arg-jobs = 同時に実行する検証の数 [デフォルト: プロセッサーの数]
help-prove-arg-skip_scripts = スクリプトの修復を省きます。実際のクライアントが必要で、時間もかかるためです

help-scenario = シナリオの作者のための機能（スキーマ、誤りの確認）
help-scenario-schema = `scenario.yaml` の JSON Schema を出力します
help-scenario-check = シナリオとそのファイルを読み、誤りをすべて表示します
help-scenario-check-arg-names = シナリオの名前 [デフォルト: すべて]

help-simulate = シミュレーターだけを提供し、接続用の環境変数を出力します
help-simulate-arg-clock = 時間の進み方。`instant`、`real`、または `20x` のような速度
help-simulate-arg-chaos = 再試行を試すために、シミュレーターがクライアントに起こす問題。`throttle=0.1` と `error=0.05`（リクエストの割合）、`latency=200ms` または `latency=50ms..400ms`、`seed=7` をカンマでつなぎます
help-simulate-arg-state = ワールドをこのディレクトリに保存します。強制終了の後でも、再び提供すれば同じワールドを同じポートで利用できます
help-simulate-events = すべての呼び出しを、結果とともに古い順に一覧表示します
help-simulate-events-arg-after = この番号より後の呼び出しだけ
help-simulate-status = 提供しているもの、内部の時刻、次に何か起こる時刻を表示します
help-simulate-advance = その間に起こることも含めて、時間を一気に進めます
help-simulate-advance-arg-by = 進める時間。`90s`、`5m`、`2h` など
help-simulate-events-arg-format = 表示の形式
help-simulate-status-arg-format = 表示の形式
help-simulate-advance-arg-format = 表示の形式

# 学習者の動詞
help-list = シナリオの一覧と、始め方を表示します
help-list-arg-variants = 各シナリオの障害の名前も表示します（何が壊れているかがわかります）
help-doctor = 必要なものがこのマシンにそろっているか調べます
help-doctor-long = アカウントを指定すると、その状態も調べます。足りないものは、直し方とともに表示します
help-doctor-arg-on = ラボを実行する場所
help-doctor-arg-on-simulator = バックグラウンドで動く内蔵のシミュレーター。アカウントも費用も必要ありません
help-doctor-arg-on-aws = 実際の AWS アカウント。--account、--region、--cluster の指定が必要です
help-start-arg-observe = 実際のアカウントで、ターミナルの AWS CLI が呼び出した操作を記録するかどうか（パラメーター、応答、認証情報は記録しません）
help-status = レッスンでの現在位置と、次にすることを表示します
help-show = レッスン全体、または一つのステップの説明を読みます
help-show-arg-step = このステップの部分だけ：4.1 のような ID、またはレッスンのステップ番号 [デフォルト: レッスン全体]
help-run-step = ステップのコマンドをセッションの環境で実行します
help-run-step-arg-step = 実行するステップ [デフォルト: 現在のステップ]
help-answer = ステップで問われた答えを伝えます
help-answer-arg-step = 答えを求めているステップ（4.1 など）
help-answer-arg-value = わかったこと：名前、ID、ARN のいずれか（大文字と小文字は区別しません）
help-hint = ステップのヒントを、少しずつ詳しく表示します
help-hint-arg-step = ヒントが必要なステップ [デフォルト: 現在のステップ]
help-hint-arg-rung = 次のヒントではなく、四つのうちこの番号のヒント
help-solve = あるステップまでを breakfix が代わりに行います（支援あり）
help-report = 行ったことを、ステップごとの根拠とともに書き出します
help-report-arg-format-markdown = 人が読むための Markdown
help-report-arg-format-junit = CI システム向け：ステップごとに一つのテストケース
help-watch = 何かが起きるたびに、状況を表示し直します
help-watch-arg-until_done = `q` を待たず、すべてのステップが完了したら終了します
help-check-arg-step = このステップの完了条件だけ（7.1 など） [デフォルト: すべて]
help-check-arg-done = ステップの完了を申告します（外から確認できないステップのため）
help-reset = 開始時の壊れた状態に戻します
help-reset-arg-step = このステップ以降の進捗を取り消します [デフォルト: すべて]
help-pause = セッションを一時停止します
help-pause-long = シミュレーターの時間は止まり、実際のアカウントではノードの費用がかからなくなります
help-resume = 一時停止から再開します
help-resume-long = 止まっていた時間はセッションの期限に数えません
help-extend = セッションの期限を延ばします
help-extend-arg-by = 今からの最短の長さ：秒数、または `90s`、`5m`、`1h`
help-shell = セッションの環境を持つシェルを開きます
help-shell-long = プロンプトには現在のステップが表示されます。コマンドを指定すると、それだけを実行します
help-shell-arg-command = シェルの代わりにこのコマンドを実行し、その終了コードで終わります
help-observe = 実際のアカウントのセッションで、AWS CLI の呼び出しを記録します
help-completions = シェルの入力補完を有効にする行を表示します
help-completions-arg-shell = 入力補完を使うシェル
help-man = マニュアルページを書き出します
help-man-arg-dir = breakfix と各コマンドのページをこのディレクトリに書き出します [デフォルト: breakfix のページを標準出力へ]
help-show-arg-format = 標準出力への表示の形式
help-show-arg-scenario = セッションにかかわらず、このシナリオのレッスンを表示します
help-run-step-arg-format = 標準出力への報告の形式（コマンドの出力は標準エラー出力に書き出します）
help-run-step-arg-yes = 変更を伴うコマンドの前に確認しません
help-watch-arg-format = 標準出力への報告の形式（JSON では変化ごとに一行）
help-report-arg-format = 標準出力に書き出す形式
help-solve-arg-to = このステップまで（このステップを含みます）
help-env-arg-format = 標準出力への表示の形式（JSON では、未設定にする変数が null になります）
help-env-arg-format-shell = bash と zsh で評価するための行

# merge
help-merge = 分担して実行した JSON 報告を一つにまとめ、全体の結果を示します
help-merge-arg-parts = 実行の JSON 報告。ラボが重なっていてはなりません
help-merge-arg-format = 標準出力への報告の形式 [デフォルト: terminal]
help-merge-arg-reports = 報告をファイルに書き込みます。`-` は標準出力で、複数回指定できます。種類: terminal、json、timing、junit、github、summary（パスを省略すると $GITHUB_STEP_SUMMARY）

# bless
help-bless = レッスンを実行し、実際の出力と異なる記載を書き直します
help-bless-long = 書き直すのは異なる部分だけです。形式が合う行や値、省略記号 `...`、指示マーク `<<<---`、字下げ、出力以外の部分は 1 バイトも変わりません。出力の記載がないコマンドには何も書き足しません（作者が見せないことを選んだため）。ステップが失敗したページや、秘密の値を書き込むことになるページは、そのまま残します。
help-bless-arg-check = 何も書き込みません。変更される内容を表示し、変更があれば終了コード 3 で終わります
help-bless-arg-interactive = 異なる出力ごとに確認します
help-bless-arg-on = レッスンのコマンドを実行する場所
help-bless-arg-on-simulator = 内蔵のシミュレーター。アカウントも費用も必要ありません
help-bless-arg-on-aws = 実際の AWS アカウント。--account、--region、--cluster の指定が必要です
help-bless-arg-on-none = シェルのみ。シナリオは使わず、今の環境のまま実行します
help-bless-arg-variant = どの障害にするか。シナリオのバリアント名、二つ同時なら `a+b`、おまかせなら `random` [デフォルト: シナリオの最初のもの]
help-bless-arg-clock = シミュレーターの時間の進み方。`instant`、`real`、または `20x` のような速度
help-bless-arg-shell_per = 変数、関数、ディレクトリとともに一つのシェルを共有する範囲
help-bless-arg-shell_per-page = ページごとに新しく始めます
help-bless-arg-shell_per-lab = ラボのページで共有します
help-bless-arg-shell_per-run = すべてのラボで共有します。`--on none` の場合のみ
help-bless-arg-bail = 最初に失敗したステップまたはスイートのフックで、すべてを停止します
help-bless-arg-page_timeout = 各ページのステップ全体の制限時間（ラボの時間）。秒数、または `90s`、`5m`、`1h`
help-bless-arg-run_timeout = 実行全体の制限時間（実時間）。秒数、または `90s`、`5m`、`1h`
help-bless-arg-mask = この変数の値も隠します。`*_TOKEN`、`*_PASSWORD`、`*_SECRET*` は常に隠されます

# new
help-new = すぐに動くラボやシナリオのひな形を作ります
help-new-lab = ラボ。二つのステップがあるページと、フックのスクリプト
help-new-lab-arg-name = 名前。英数字、`.`、`_`、`-` が使えます
help-new-lab-arg-directory = 書き込む場所。なければ作ります
help-new-scenario = シナリオ。障害、チェック、正しい修復と誤った修復、そしてそのレッスン
help-new-scenario-arg-name = 名前。英数字、`.`、`_`、`-` が使えます
help-new-scenario-arg-directory = 書き込む場所。なければ作ります

help-lint = 教材の間違いや疑わしい点を、実行する前にすべて指摘します
help-lint-long = 教材の間違いや疑わしい点を、実行する前にすべて指摘します

    `plan` が指摘することに加え、コマンド、フック、翻訳、シナリオに関するルールも調べます。ルールの説明は `breakfix explain` で読めます。意図した書き方は breakfix.toml かページ内のコメントで許可できます。
help-lint-arg-paths = Markdown ファイル、またはそのディレクトリ。ディレクトリにある `scenarios/` も調べます
help-lint-arg-fix = 確実に直せるものを直し、残りを指摘します
help-lint-arg-fail_on = 終了コードを 3 にする重大度の下限 [デフォルト: breakfix.toml の指定、なければ error]
help-lint-arg-scenario_directory = シナリオのディレクトリ。シナリオも調べます [デフォルト: breakfix.toml の指定、なければ PATH/scenarios]
help-lint-arg-translated_from = 教材が DIR の教材の翻訳であることを示します [デフォルト: `i18n/言語` という配置から判断]
help-lint-arg-config = 設定ファイル [デフォルト: 同じリポジトリの、現在のディレクトリかその上にある breakfix.toml]
help-explain = `lint` のルールを、違反する例と正しい例を添えて説明します
help-explain-arg-code = `variable-unset` のようなルールの名前 [デフォルト: すべてのルールを一行ずつ]
help-lsp = 標準入出力で language server protocol を話すエディターに応えます
help-lsp-long = 標準入出力で language server protocol を話すエディターに応えます

    書いている間の `lint` の指摘、補完、言葉の意味、フックやシナリオへの移動、修正を提供します。
help-lint-arg-format-sarif = コードスキャン向け。SARIF 2.1.0
help-lint-arg-format-github = GitHub 向け。注釈になるワークフローコマンド
help-lint-arg-fail_on-error = 教材を実行できなくするもの
help-lint-arg-fail_on-warning = おそらく間違っているものも
help-lint-arg-fail_on-note = 改善できるものも

help-run-arg-watch = 終了せずに待ち、教材のファイルが保存されるたびに見直します。lint の指摘を表示し、変更されたか成功していない最初のステップから、同じセッションの中で再実行します
help-run-arg-jobs = 同時に実行するラボの数。環境、ホームディレクトリ、ポートはラボごとに別々です。数、またはプロセッサーの数を表す `auto` [デフォルト: breakfix.toml の指定、なければ 1]
help-run-arg-max_fail = 失敗したステップ、スイートフック、ラボのチェックがこの数になったら、新しいものを始めません
