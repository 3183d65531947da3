# チェック：期待と観測、その理由、そして助言。

# 対象。
check-key = キー { $key }
check-nodegroup = ノードグループ { $nodegroup }
check-the-nodes-of = { $nodegroup } のノード
check-the-nodes-with = ラベル { $selector } のノード
check-policy-of-key = キー { $key } のキーポリシー
check-grants-of-key = キー { $key } のグラント
check-launches-of = ノードグループ { $nodegroup } の起動内容
check-activities-of = { $nodegroup } のスケーリングアクティビティ
check-volume-defaults = アカウントのボリュームのデフォルト設定
check-unread = { $what }を読み取れません: { $why }
check-unobserved = { $what }は確認されていません
check-exists = { $what }が存在する
check-gone = 存在しない

# 複数のチェックの組み合わせ。
check-both = { $first }、かつ { $second }
check-either = { $first }、または { $second }
check-besides = { $first }、{ $second }
check-not = 次の状態ではない: { $stated }
check-it-is-so = その状態になっている

# キー。
check-may-use = { $principal } が{ $purpose }のためにキーを使用できる
check-may-use-key = { $principal } が{ $purpose }のためにキー { $key } を使用できる
check-new-volumes = 新しいボリューム
check-missing = 許可されていないアクション: { $actions }
check-no-principal = { $principal } はプリンシパルの ARN ではありません
check-left-to-identity = キーポリシーは { $actions } の判断を { $principal } のアイデンティティポリシーに委ねていますが、それは読み取りの対象外です
check-key-is = キーの状態は { $state }
check-key-in-state = キー { $key } の状態が { $state } である
check-key-to-be-deleted = 削除待ちのキーは、ポリシーの内容にかかわらず誰も使用できません。削除をキャンセルすると、キーは Disabled になります。
check-key-not-enabled = 有効でないキーは、ポリシーの内容にかかわらず誰も使用できません。
check-awaiting-key = キーの状態変化を待っています（現在 { $state }）
check-key-not-public = アカウントの外からは誰もキー { $key } を使用できない
check-not-public = アカウントの外からは誰もキーを使用できない
check-policy-open = キーポリシーが開放されている
check-keeps = 管理者としての { $principal } が、キーに対する { $actions } を保持している
check-lost = 失われたアクション: { $actions }

# 起動されるもの。
check-would-start = ノードグループ { $nodegroup } の新しいインスタンスが起動できる
check-would-not-start = { $nodegroup } の新しいインスタンスは起動できません: { $why }。
check-launch-suspended = Auto Scaling の Launch プロセスが中断されている
check-volumes-to-be-encrypted = ボリュームを暗号化するキーに { $key } が指定されている
check-key-of-other-region = このキーは { $region } のものですが、{ $own } のボリュームには同じリージョンのキーが必要です。
check-volumes-key-gone = ボリュームのキー { $key } が存在しない
check-volumes-key = ボリュームのキー { $key }: { $observed }
check-not-symmetric = 対称暗号化キーではない
check-root-encrypted-with = ルートボリュームが { $key } で暗号化される
check-roots-encrypted-with = ノードグループ { $nodegroup } のルートボリュームが { $key } で暗号化される
check-encrypted-with = { $key } で暗号化される
check-root-unsaid = 起動テンプレートにルートボリュームの指定がない
check-root-default-key = アカウントのデフォルトキーで暗号化される
check-root-plain = ルートボリュームが暗号化されない

# スケーリングアクティビティ。
check-launches = { $nodegroup } の { $status } の起動が { $count } 回以上ある
check-scaling-activities = { $nodegroup } の { $status } のスケーリングアクティビティが { $count } 件以上ある
check-since-injection = シナリオの開始以降、{ $states }
check-no-activity = まだない
check-activities = { $count } 件、最新は { $status }: { $description }
check-no-baseline = { $nodegroup } に以前どのスケーリングアクティビティがあったかが記録されていません

# ノードグループ。
check-nodegroup-is = ノードグループ { $nodegroup } の状態: { $expected }
check-health = { $status }、{ $issues }
check-without-issues = 問題なし
check-with = 問題あり（{ $what }）
check-of-version = 起動テンプレートのバージョン { $version }
check-without-template = 独自の起動テンプレートなし
check-desired-size = 希望サイズ { $size }
check-minimum-size = 最小サイズ { $size }
check-maximum-size = 最大サイズ { $size }

# ノード。
check-there-is = { $nodes }
check-no-node-of = { $nodegroup } のノードがない
check-no-node-with = ラベル { $selector } のノードがない
check-ready-nodes-of = { $nodegroup } の Ready なノードが { $count } 台以上
check-ready-nodes-with = ラベル { $selector } の Ready なノードが { $count } 台以上
check-nodes-of = { $nodegroup } のノードがちょうど { $count } 台
check-nodes-with = ラベル { $selector } のノードがちょうど { $count } 台
check-none = なし
check-node-silent = { $node } NotReady: kubelet からの報告が途絶えている
check-kubelet-silent = kubelet からの報告が途絶えています。
check-desired-is = { $nodegroup } の希望サイズが { $size } です。

# 待っているものと、通常かかる時間。
check-awaiting-update = ノードグループ { $nodegroup } の処理を待っています（現在 { $status }）
check-awaiting-launch = Auto Scaling が開始した { $nodegroup } の起動を待っています（{ $status }）
check-awaiting-retry = Auto Scaling による { $nodegroup } の次の起動を待っています。今なら成功します。自動的に再試行されますが、希望サイズを 0 にしてから { $desired } に戻すと、すぐに試行されます
check-awaiting-first-launch = Auto Scaling による { $nodegroup } の最初の起動を待っています
check-awaiting-join = 起動した { $nodegroup } のインスタンスがクラスターに参加するのを待っています
check-awaiting-recovery = 再び起動できるようになったノードグループ { $nodegroup } を、EKS が確認するのを待っています
check-awaiting-ready = ノードが Ready になるのを待っています: { $nodes }
check-awaiting-drain = { $nodegroup } のノードがドレインされ、削除されるのを待っています
check-typical-creating = 2〜4 分
check-typical-updating = 1 分以内（マシンの入れ替えを伴う場合は数分）
check-typical-launch = 30〜60 秒
check-typical-retry = 数分（起動の失敗が長く続くほど、試行の間隔が長くなります）
check-typical-first-launch = 数秒
check-typical-seconds = 数秒
check-typical-minutes = 1〜2 分
check-typical-drain = 1〜3 分（Pod を退避できない場合は最大 15 分）

# どこを見るか。
advice-look-for = セッションのアカウントとリージョンで、{ $what }を探してください。
advice-look-at-key = キー { $key } の状態を確認してください。
advice-look-at-policy = キー { $key } のキーポリシーを確認してください。
advice-look-at-access = キー { $key } のキーポリシーとグラントを確認してください。誰に、どの条件で、何が許可されているでしょうか。
advice-look-at-template = ノードグループ { $nodegroup } が使用している起動テンプレートのバージョンを確認してください。ブロックデバイスに、どのキーが指定されているでしょうか。
advice-look-at-activities = { $nodegroup } の Auto Scaling グループのスケーリングアクティビティを確認してください。最新のものと、そのステータスメッセージが手がかりになります。
advice-look-at-health = ノードグループ { $nodegroup } のステータスとヘルスの問題を確認してください。
advice-look-at-size = ノードグループ { $nodegroup } のスケーリング設定を確認してください。
advice-look-at-processes = { $nodegroup } の Auto Scaling グループで、中断されているプロセスを確認してください。
advice-look-at-nodes = { $nodes }の状態（Conditions）と、kubelet の報告を確認してください。

# その理由がどのような修復を求めているか。
advice-gone = 失われたものは修復できません。同じ名前で作り直すか、`breakfix finish` と `breakfix start` で最初からやり直してください。
advice-beyond-repair = { $status } のノードグループは元に戻りません。作り直すか、`breakfix finish` と `breakfix start` で最初からやり直してください。
advice-not = 次の状態を解消する必要があります: { $stated }。
advice-symptom = これはシナリオが壊れている間の症状です。修復すると消えます。

advice-enable = キーを有効にしてください。無効の間は、どのステートメントもグラントも役に立ちません。
advice-cancel-deletion = 削除をキャンセルしてください。その後キーは Disabled になるため、有効化も必要です。
advice-import-material = キーはキーマテリアルを待っています。インポートしてください。
advice-connect-key-store = キーのキーストアに到達できません。再接続してください。
advice-make-enabled = キーの状態は { $state } ですが、Enabled にする必要があります。それまでは、どのステートメントもグラントも役に立ちません。
advice-other-state = キーの状態を { $state } にする必要があります。

advice-allow = キーポリシーのステートメントまたはグラントで、{ $principal } に { $actions } を許可する必要があります。
advice-leave-to-account = ステートメントでキーの管理をアカウントに委ねる（アカウントの root をプリンシパルにする）か、{ $principal } を指定して { $actions } を許可する必要があります。
advice-spare = { $statement }が { $actions } を拒否しています。Deny はどの Allow やグラントよりも優先されるため、{ $principal } を Deny の対象から外すか、Deny を取り除く必要があります。
advice-grants-only = { $statement }の条件 { $key } は、グラントに関するリクエストでしか成立しません。{ $actions } には、この条件のないステートメントが必要です。
advice-never-carried = これらのリクエストには { $key } が含まれないため、それを使う{ $statement }の条件は決して成立しません。{ $actions } には、この条件のないステートメントが必要です。
advice-admit = { $statement }の条件 { $key } は、{ $has } を認める必要があります。{ $actions } のリクエストはその値で届きます。
advice-more-actions = { $statement }は { $principal } に届いていますが、アクションが足りません。そのステートメントか別のステートメントで、{ $actions } も許可する必要があります。
advice-resource = キーポリシーの Resource はキー自身を指します。{ $statement }には "*" か、このキーの ARN（エイリアスは不可）を指定する必要があります。
advice-add-element = { $statement }を有効にするには、{ $element } 要素が必要です。
advice-not-as-service = { $statement }の対象は{ $others } ですが、呼び出しはサービスとしてではなく、ロール { $principal } として届きます。{ $actions } のプリンシパルには、そのロールを指定してください。
advice-other-principal = { $statement }の対象は { $others } ですが、呼び出しは { $principal } として届きます。そのプリンシパルに、ステートメントまたはグラントで { $actions } を許可する必要があります。
advice-grant-more = グラント { $grant } は変更できません。別のグラントまたはキーポリシーのステートメントで、{ $principal } に { $actions } も許可する必要があります。
advice-grant-more-for-child = グラントの権限でグラントを作成する場合、元のグラントに含まれる操作しか渡せません。グラント { $grant } を、{ $operation } も含むものに置き換える必要があります。
advice-grant-unconstrained = グラント { $grant } は特定の暗号化コンテキストに限定されていますが、新しいボリュームはそれぞれ固有のコンテキストを持ちます。この制約のないグラントが必要です。
advice-narrow = { $statement }が誰にでもアクセスを許可しています。キーを必要とするプリンシパルを指定するか、アカウント { $account } の呼び出し元だけが満たす条件を追加してください。

advice-resume = Launch プロセスが中断されています。再開してください。
advice-name-key = 起動テンプレートのバージョンで{ $key }を指定し、ノードグループ { $nodegroup } がそのバージョンを使用する必要があります。
advice-key-of-region = クラスターと同じリージョンのキー
advice-key-that-exists = 実在するキー
advice-symmetric-key = 対称暗号化キー
advice-key-named = キー { $key }{" "}
advice-update-version = ノードグループ { $nodegroup } を、起動テンプレートのバージョン { $version } に更新してください。
advice-size = ノードグループ { $nodegroup } を次の設定にする必要があります: { $size }。
advice-larger = ノードが要求されていません。{ $nodegroup } の希望サイズを { $wanted } 以上にしてください。最大サイズがそれより小さい場合は、最大サイズも変更してください。
advice-try-again = インスタンスの起動を妨げるものはもうありません。Auto Scaling が再試行するまで待つか、{ $nodegroup } の希望サイズを 0 にしてから { $desired } に戻し、すぐに試行させてください。
advice-issues = ヘルスの問題は、それぞれ原因を示しています。それを修復してください。EKS は自動的に再確認します。

advice-fewer = ノードグループ { $nodegroup } のノードが多すぎます。希望サイズを { $wanted } にしてください。
advice-find-group = ラベルから、これらのノードがどのノードグループに属し、そのグループが何台要求しているかを調べてください。
advice-lost-node = インスタンスまたは kubelet が停止しています。ノードのインスタンスを確認してください。終了したインスタンスは、ノードグループが置き換えます。
advice-unready-node = ノードが Ready にならない理由は、ノードの Conditions に示されています。そこで挙げられているものを修復してください。
advice-unjoined = { $nodegroup } のインスタンスは起動しますが、クラスターに参加しません。ネットワーク、ロール、起動時の出力を確認してください。修復後は新しいインスタンスの起動が必要なので、希望サイズを 0 にしてから元に戻してください。
