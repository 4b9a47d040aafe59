module trigo.bench/go

go 1.27
