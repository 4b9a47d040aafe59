module trigo.bench/heap

go 1.27
