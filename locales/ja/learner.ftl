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
need-observed = これ以降に次の呼び出しが成功すれば完了です（クライアントは問いません）：{ $call }
need-self-reported = 自己申告で完了します（外からは確認できないステップです）。
way-show = レッスンの該当箇所を読む
way-check = 現在の状況と、妨げになっているものを確認する
way-answer = わかったことを答える
way-answer-value = 回答
way-run-step = レッスンのコマンドをbreakfixに実行させる（`breakfix shell`で自分で入力しても構いません）
way-done = 完了を申告する
way-hint = 行き詰まったときのヒント

run-step-nothing = ステップ{ $step }のコマンドはレッスンにありません
run-step-preview = ステップ{ $step }　{ $title }：セッションの環境で次のコマンドを実行します。
run-step-ask = 環境を変更するコマンドが含まれています。実行しますか。
run-step-ran = ステップ{ $step }のコマンドを実行しました
run-step-failed = ステップ{ $step }は途中で止まりました：{ $why }
run-step-exit = コマンドが終了コード{ $code }で終わりました
run-step-limit = { $seconds }秒の制限時間を超えました
run-step-interrupted = 中断しました。`breakfix run-step { $step }`でもう一度実行できます

answer-not-asked = ステップ{ $step }では回答を求めていません。回答するステップ：{ $asking }
answer-cannot-tell = 正しいかどうか確認できません：{ $why }
answer-right = 正解です：{ $value }。ステップ{ $step }が完了しました。
answer-near = 「{ $said }」は{ $what }です。求められている値は次の場所にあります：{ $look }
answer-of-another = 別の問い（{ $question }）の答え
answer-wrong = 違います。次の場所を確認してください：{ $look }

hint-heading = ステップ{ $step }　ヒント{ $rung }/{ $of }：{ $name }
hint-where = どこを見るか
hint-what = そこに何が見えるか
hint-how = どう進めるか
hint-solution = 解答
hint-more = まだ行き詰まっている場合は、もう一度`breakfix hint`を実行すると詳しいヒントが出ます。ヒントによる減点はありません。
hint-last = これが最後のヒントです。`breakfix solve --to { $step }`を実行すると、breakfixが代わりに行います。
hint-read = レッスンの説明を読んでください：`breakfix show { $step }`
hint-nothing = ステップ{ $step }を妨げているものはもうありません：`breakfix check { $step }`
hint-condition = 次の状態になる必要があります：{ $title }
hint-observed = 「{ $title }」が満たされていません：{ $observed }
hint-awaiting = 「{ $title }」はまだ満たされていません。待っているもの：{ $awaiting }
hint-cannot-tell = 「{ $title }」が満たされているか確認できません：{ $why }
hint-lesson = 見る場所はレッスンに書かれています：`breakfix show { $step }`
hint-look = ここを見てください：{ $look }
hint-call = 次の呼び出しで確認できます：{ $call }
hint-commands = レッスンでは次のコマンドを使います：
hint-answer = 答えは{ $value }です：`breakfix answer { $step } { $value }`
hint-run-step = `breakfix run-step { $step }`を実行すると、breakfixが目の前でこの呼び出しを行います。
hint-solution-script = 次のコマンドで修復できます：
hint-solve = `breakfix solve --to { $step }`を実行すると、breakfixが修復します。

way-session = セッション{ $id }（{ $place }）、開始{ $begun }、経過時間{ $since }。
way-step = ステップ
way-evidence = 根拠
way-hints = ヒント
way-checks = チェック
way-met = 満たされている
way-not-yet = まだ
way-not-met = 満たされていない
way-cannot-tell = 確認できない

watch-keys = [c] 再確認　[n] 次にすること　[h] ヒント　[r] ステップを実行　[q] 終了
watch-any-key = 何かキーを押すと戻ります。

step-stands = ステップ{ $step }　{ $title }：{ $state }
done-is-verified = ステップ{ $step }が完了したかどうかはbreakfixが確認します：`breakfix check { $step }`
done-is-answered = ステップ{ $step }では回答を求めています：`breakfix answer { $step } 回答`

solve-ask = アカウントのリソースを変更します。実行しますか。
solve-done = ステップ{ $step }までがすべて完了しました
solve-not-yet = 解決策を適用しました。ステップ{ $step }までのうち、まだ反映を待っているものがあります：`breakfix check { $step } --wait 5m`
solve-interrupted = 中断しました。`breakfix solve --to { $step }`で続きから再開できます
solve-did = 代わりに行ったこと：
