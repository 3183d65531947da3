# A lesson in the terminal: `show`, and the list of scenarios.
lesson-note = 注
lesson-tip = ヒント
lesson-info = 情報
lesson-warning = 警告
lesson-caution = 注意
lesson-danger = 危険
lesson-label = { $label }：
lesson-image = 画像
lesson-details = 詳細
lesson-quote = 引用
lesson-command = コマンド
lesson-output = 出力
lesson-text = テキスト
lesson-code = コード
lesson-code-in = コード（{ $language }）
lesson-console = AWS マネジメントコンソール
lesson-required-time = 所要時間：約 { $minutes } 分
