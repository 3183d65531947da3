# ポリシーが何を許可し、なぜ許可しないのか。AWS 自身のメッセージはここにはない。

policy-reason = { $told }。
policy-more = { $told }。{ $more }
policy-none = なし
policy-both = { $first } と { $second }
policy-either = { $first } または { $second }

policy-allowed = { $by }により許可されています
policy-denied = { $statement }が、{ $caller } に対して { $actions } を拒否しています
policy-not-allowed = { $caller } に { $actions } を許可するステートメントがありません

policy-by-both = { $key }と{ $identity }
policy-by-account-root = { $statement }（ルートユーザー）
policy-by-grant = グラント { $grant }{" "}
policy-by-being-root = ルートユーザーであること

policy-statement = ステートメント { $number }{" "}
policy-statement-sid = ステートメント { $number }（Sid "{ $sid }"）
policy-identity-statement = アイデンティティポリシー { $policy } のステートメント { $number }{" "}
policy-identity-statement-sid = アイデンティティポリシー { $policy } のステートメント { $number }（Sid "{ $sid }"）

# あと一歩で許可となるもの。
policy-near-conditions = { $statement }は条件さえ満たされれば許可しますが、{ $conditions }
policy-and-condition = { $first }。また、{ $second }
policy-near-principal = { $statement }は必要なアクションを許可していますが、プリンシパルは { $others } です
policy-near-actions = { $statement }のプリンシパルは合っていますが、許可しているのは別のアクション（{ $actions }）です
policy-near-not-action = { $statement }のプリンシパルは合っていますが、NotAction（{ $actions }）がこのアクションを除外しています
policy-near-resource = { $statement }のプリンシパルとアクションは合っていますが、{ $element }（{ $resources }）がこのキーを含んでいません
policy-near-no-element = { $statement }には { $element } 要素がないため、効果がありません
policy-near-identity = { $statement }は判断をアカウント { $account } のアイデンティティポリシーに委ねていますが、許可するポリシーがありません
policy-near-service-linked = { $statement }は判断をアカウント { $account } のアイデンティティポリシーに委ねていますが、許可するポリシーがありません（サービスリンクロールにはポリシーを追加できません）
policy-near-other-account = { $statement }はプリンシパルもアクションも合っていますが、このアクションは別のアカウントからは使用できません

# 呼び出し元へのグラント。
policy-grant-lacks-operation = グラント { $grant } は呼び出し元に対するものですが、{ $operation } が含まれていません
policy-grant-lacks-child-operation = グラント { $grant } は呼び出し元に対するものですが、これから作成するグラントに必要な { $operation } が含まれていません
policy-grant-constraint-unmet = グラント { $grant } は呼び出し元に対するものですが、制約 { $constraint } を暗号化コンテキスト（{ $context }）が満たしていません
policy-grant-constraint-loosened = グラント { $grant } は呼び出し元に対するものですが、これから作成するグラント（{ $child }）は制約 { $constraint } を緩めてしまいます
policy-constraint = { $kind } { $pairs }
policy-no-constraint = 制約なし

# 条件。
policy-not-principal-lacks = NotPrincipal に { $name } も含める必要がありますが、含まれていません
policy-condition-holds = 条件 { $operator } { $key }（{ $values }）が成立しています（リクエストの値は { $has }）
policy-condition-fails = 条件 { $operator } { $key } が求める値は { $needs } で、リクエストの値は { $has } です
policy-condition-fails-by-variable = 条件 { $operator } { $key } が求める値は { $needs } （含まれるポリシー変数の値がこのリクエストにありません）で、リクエストの値は { $has } です
policy-needs-absent = 「キーが存在しないこと」
policy-needs-present = 「キーが存在すること」
policy-needs-impossible = 「空のリストからは得られない値」
policy-needs-other = { $values } 以外

# ステートメントが指定するプリンシパル。
policy-service = サービス { $name }
policy-federated = フェデレーテッドユーザー { $name }
policy-canonical-user = 正規ユーザー { $name }
policy-everybody-but = { $names } 以外の全員

policy-open = { $statement }がすべてのアカウントのすべてのプリンシパルに許可していて、既知の呼び出し元に限定する条件（StringEquals kms:CallerAccount { $account } など）がありません
policy-open-but-some = { $statement }が NotPrincipal に指定されていない全員に許可していて、既知の呼び出し元に限定する条件（StringEquals kms:CallerAccount { $account } など）がありません

# 動作はするが、改善すべきもの。
policy-warning-create-grant = { $by }により、Auto Scaling のロールが誰に対してもグラントを作成できます。条件 Bool kms:GrantIsForAWSResource true を追加してください
policy-warning-not-action = ステートメント { $number } は NotAction で許可しているため、想定していないアクションまで許可しています。アクションを列挙してください
policy-warning-administration = Auto Scaling のロールはキーを使用するだけですが、{ $actions } も実行できます
policy-warning-documented = 起動には成功しますが、ドキュメントのキーポリシーは { $actions } も許可しています
policy-warning-open-to-account = { $by }が、アカウント { $account } のすべてのプリンシパルに、IAM ポリシーなしで { $action } を許可しています。ロールを指定するか、条件 StringEquals kms:ViaService ec2.{ $region }.amazonaws.com を追加してください
policy-warning-no-delegation = アカウント { $account } に kms:PutKeyPolicy が許可されていないため、IAM ポリシーではアクセスを許可できません。修復できるのはキーポリシーに指定されたプリンシパルだけです
