# セッション：開始、判定、片付け。

error = エラー: { $why }
error-cause = { $what }: { $why }
error-of-session = セッション { $id }: { $why }
did-you-mean = { $unknown }。もしかして: { $nearest }

place-simulator = シミュレーター
place-account = アカウント { $account }、{ $region }、クラスター { $cluster }

# 作成されるものと、残っているもの。
left-heading = まだ残っています:
left-key = KMS キー { $name }
left-alias = KMS エイリアス { $name }
left-grant = KMS グラント { $name }
left-template = 起動テンプレート { $name }
left-nodegroup = ノードグループ { $name }
left-role = IAM ロール { $name }
left-object = Kubernetes オブジェクト { $name }
left-instance = インスタンス { $name }
left-interface = ネットワークインターフェイス { $name }
left-volume = ボリューム { $name }
left-with-id = { $named }（{ $id }）
change-grant = キー { $key } の { $grantee } に対するグラント
change-grant-revoked = キー { $key } のグラントの取り消し
change-key-policy = キー { $key } のキーポリシー
change-key-state = キー { $key } の状態
change-template-version = 起動テンプレート { $template } のバージョン
change-nodegroup-template = ノードグループ { $nodegroup } の起動テンプレートのバージョン
change-scale = ノードグループ { $nodegroup } のサイズ
change-objects = Kubernetes オブジェクト

# 実行中の処理と、待っているもの。
inject-making = 作成中: { $what }
inject-part = 作成中: シナリオのパート { $number }
inject-not-broken = 環境が想定どおりに壊れませんでした
inject-overdue = { $seconds } 秒経っても「{ $title }」になりません: { $why }
undo-taking-back = 片付け中: { $what }
undo-kept = { $what }: { $blocker }があるため残しています
undo-failed = { $what }: { $why }
undo-unsearched = 把握しているものは残っていませんが、アカウントを検索できませんでした: { $why }
cloud-waiting = { $what }を待っています: { $state }（{ $waited } 秒経過、通常 { $typically }）
cloud-left-behind = ノードグループ { $nodegroup } が残したものの削除
cloud-instance = インスタンス { $id }
cloud-interface = ネットワークインターフェイス { $id }
cloud-volume = ボリューム { $id }
cloud-busy = 処理中
cloud-being-deleted = 削除中
cloud-still-there = 残っています（{ $what }）
cloud-shutting-down = シャットダウン中
cloud-in-use = 使用中
cloud-seconds = { $count } 秒
cloud-minute = 1 分
cloud-minutes-between = { $least }〜{ $most } 分
cloud-few-minutes = 数分

# start
plan-heading = { $place } に次のものを作成します:
plan-with-cost = { $what }（1 時間あたり約 { $usd } USD）
plan-together = `breakfix finish` で片付けるまで、合計で 1 時間あたり約 { $usd } USD かかります。
start-confirm = これらをすべて作成しますか?
start-going-on = セッション { $id } を続行します
start-not-broken = セッション { $id } は想定どおりに壊れていません。`breakfix start` で続行、`breakfix finish` ですべて元に戻せます
start-interrupted = 中断しました。`breakfix start` でセッション { $id } を続行、`breakfix finish` ですべて元に戻せます
start-simulator-only = { $scenario } はシミュレーター専用です。実行すると、アカウント内で共有されているものに影響します
started = { $title }: 環境を壊しました（セッション { $id }、{ $place }）
started-lesson = レッスン
started-next = 次に
started-then = 続いて
started-at-last = 最後に
started-env = そこへつながるシェルを開きます（または eval "$(breakfix env)"）
started-check = 現在の状況と、次にすることを表示します
started-finish = すべて元に戻します
scenario-unknown = シナリオ「{ $name }」はありません。あるのは次のものです: { $known }
variant-unknown = シナリオ { $scenario } にバリアント「{ $name }」はありません。あるのは次のものです: { $known }
variant-twice = バリアント「{ $name }」が 2 回指定されています
variant-clash = バリアント { $first } と { $second } は組み合わせられません。どちらも { $value } を決めています。別々のものの障害を組み合わせてください

# 実アカウント。
account-unasked = 認証情報が誰のものかを確認できませんでした
account-tags-unread = クラスターのタグを読み取れませんでした
account-of-session = 認証情報はアカウント { $found } のものですが、セッションはアカウント { $account } にあります。そのアカウントの認証情報を使用してください
account-other = 認証情報はアカウント { $found } のものですが、--account には { $account } が指定されています。正しいアカウントを指定するか、その認証情報を使用してください
account-root = これはアカウントのルートユーザーの認証情報です。ラボには必要ないため、ロールまたはユーザーの認証情報を使用してください
account-no-cluster = { $region } にクラスター { $cluster } がありません。--cluster でクラスターを、--region でリージョンを指定してください
account-production = クラスター { $cluster } には { $tag } のタグが付いています。ラボは環境を壊すため、別のクラスターを使用してください
account-not-allowed = クラスター { $cluster } ではラボが許可されていません。所有者は次のコマンドでタグを付けられます:
    {"  "}{ $command }
confirm = { $question } [y/N]
confirm-nobody = { $question } ここでは確認できません。--yes を指定してください
confirm-no = 何も変更していません

# sessions
session-none = セッションがありません。`breakfix start SCENARIO` で開始できます
session-unknown = セッション「{ $asked }」はありません。あるのは次のものです: { $known }
session-unknown-none = セッション「{ $asked }」はありません。セッションは一つもないため、`breakfix start SCENARIO` で開始してください
session-several = セッションが複数あります。--session で指定してください: { $known }
sessions-none = 開いているセッションはありません
session-unreadable = 読み取れません: { $why }
session-broken = 破壊済み（期限 { $until }）
session-not-broken = まだ壊れていません（`breakfix start` で続行）

# check
checks-symptoms = 症状
checks-conditions = 条件
checks-invariants = 維持すべきこと
checks-warning = 警告:
checks-counted = { $all } 件中 { $met } 件のチェックを達成しています
verdict-met = 達成
verdict-not-yet = 未完了
verdict-not-met = 未達成
verdict-cannot-tell = 判定不能
verdict-expected = 期待
verdict-observed = 観測
verdict-because = 理由
verdict-since = { $time }経過
verdict-usually = 通常 { $time }
verdict-with-times = { $awaiting }（{ $times }）
verdict-awaiting = 未完了、{ $awaiting }
verdict-expected-observed = 期待: { $expected }、観測: { $observed }
verdict-unknown = 判定不能、{ $why }
time-seconds = { $seconds } 秒
time-minutes = { $minutes } 分 { $seconds } 秒
time-hours = { $hours } 時間 { $minutes } 分

# finish と reap
finished = セッション { $id } を終了しました。すべて元に戻し、何も残っていません
finished-not = セッション { $id } はまだ終了していません
finished-again = `breakfix finish` で再試行できます
finish-interrupted = 中断しました。`breakfix finish --session { $id }` で続行できます
reap-nothing = 回収するものはありません
reap-confirm = これらをすべて削除しますか?
reap-removing = 削除中: { $what }
reaped = { $count } 件を回収しました。何も残っていません

# コマンドラインの引数。
argument-language = 対応している言語は en と ja です
argument-account = アカウント ID は 12 桁の数字です
argument-duration = 90 のような秒数か、90s、5m、1h のように指定してください

session-paused = 一時停止中（`breakfix resume`で再開できます）

plan-for-nothing = 次のものを作ります（{ $place }、費用はかかりません）：{ $parts }
start-clock-stays = 時計の速さは開始時のままです：{ $clock }
argument-jobs = 1 から 512 までの数、または auto を指定してください
argument-shard = シャードの指定ではありません。三つのうち一つ目なら `1/3` と書きます
