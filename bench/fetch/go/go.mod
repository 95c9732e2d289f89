module tern/bench/fetch

go 1.19
