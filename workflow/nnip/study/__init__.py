"""What a study is: its config, model table, runs, seeds, tables and manifests."""
