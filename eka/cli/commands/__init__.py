"""One module per command; `eka.cli.table` names them and loads none before it is called."""
