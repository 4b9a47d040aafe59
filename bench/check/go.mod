module trigo.bench/check

go 1.27
