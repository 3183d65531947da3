# 学習者へのメッセージ：現在の状況と、先へ進むための手がかり。

grade-self-reported = 自己申告
grade-observed = 観測済み
grade-answered = 回答済み
grade-verified = 検証済み
step-lapsed = 検証済みでしたが、現在は満たされていません
step-current = 現在のステップ
step-open = 未完了
step-assisted = 支援あり
step-resource-unseen = 対象のリソースは未確認
step-hints = ヒント{ $count }件
step-done = ステップ{ $step }が完了しました（{ $grade }）：{ $title }
step-unknown = ステップ{ $step }はありません。ステップは次のとおりです：{ $known }
step-has-parts = ステップ{ $step }は次の部分に分かれています：{ $parts }

status-session = セッション{ $id }（{ $place }）、期限{ $until }
status-invariant-broken = 修復で守るべき点が守られていません：{ $title }。詳しくは`breakfix check`で確認できます。
status-nothing = breakfixは、障害対応のラボを実行するツールです。環境をわざと壊すので、原因を調べて修復してください。
status-start = ラボを始める
status-list = ラボの一覧を見る
status-doctor = 必要なものがこのマシンにそろっているか調べる
status-help = そのほかのコマンドを見る
progress-counts = { $total }ステップ中{ $done }完了：検証済み{ $verified }、回答済み{ $answered }、観測済み{ $observed }、自己申告{ $reported }。
progress-assisted = うち{ $count }件は支援を受けました。

next-step = 次：ステップ{ $step }　{ $title }
next-finish = すべて完了しました。`breakfix report`で記録を残し、`breakfix finish`で環境を元に戻します。
need-verified = 次の状態をbreakfixが確認できれば完了です：
need-met = 満たされています
need-not-met = まだです
need-answered = 調べること：{ $question }
need-observed = 次の呼び出しが成功すれば完了です：{ $call }
need-self-reported = 自己申告で完了します（外からは確認できないステップです）。
way-show = レッスンの該当箇所を読む
way-check = 現在の状況と、妨げになっているものを確認する
way-answer = わかったことを答える
way-answer-value = 回答
way-run-step = レッスンのコマンドをbreakfixに実行させる（`breakfix shell`で自分で入力しても構いません）
way-done = 完了を申告する
way-hint = 行き詰まったときのヒント
