# A session between its beginning and its end: reset, pause, resume, extend, shell.

life-reset =
    セッション { $session } を { $scenario } の障害が起きた直後の状態に戻しました。リソースは新しく作り直しています
    リソースの ID が変わったので、各ターミナルで eval "$(breakfix env)" をもう一度実行してください
life-paused = セッション { $session } を一時停止しました。時間は止まり、何も動いていません。`breakfix resume` で再開できます
life-paused-account =
    セッション { $session } を一時停止しました。ノードグループを 0 台にしたので、ノードの時間課金は発生しません
    実際のアカウントの時間は止められません。クラスターと KMS キーはそのまま残り、7 日を過ぎると `breakfix reap` の削除対象になることがあります。`breakfix resume` で再開できます
life-paused-already = セッション { $session } はすでに一時停止しています。`breakfix resume` で再開できます
life-resumed = セッション { $session } を一時停止した時点から再開しました。期限は { $until } です
life-resumed-account =
    セッション { $session } を再開しました。期限は { $until } です
    ノードグループの台数を元に戻しました。EKS が状態を反映するまで数分かかることがあります
life-not-paused = セッション { $session } は一時停止していません
life-is-paused = エラー: セッション { $session } は { $at } から一時停止しています。再開するには `breakfix resume`、すべてを片付けるには `breakfix finish` を実行してください
life-extended = セッション { $session } の期限を { $until } に延長しました
life-extended-already = セッション { $session } の期限はすでに { $until } で、指定された時間より先です
life-in-shell = このシェルはすでにセッション { $session } の中です
life-interrupted = 中断しました。`breakfix { $verb } --session { $session }` で続きを実行できます
life-observed =
    セッションが開いている間、この環境を読み込んだターミナルで `aws` コマンドが呼び出した AWS の操作を記録します。記録するのはサービス、操作、時刻、成功したかどうかだけです。
    パラメータ、応答、認証情報は一切保存しません。記録を止めるには --observe=off を指定してください。

reset-confirm = すべて元に戻したうえで、これらを作り直しますか。

reset-removing = 削除中：{ $what }
