package p

func f() {
	if {
	}
	if x = 1 {
	}
	if a + b = c {
	}
	if x; {
	}
	if var x = 1; x {
	}
	for i := 0; i < 10 {
	}
	for i := 0; i < 10; i := 1 {
	}
	for var i = range x {
	}
	switch x
	{
	}
	switch {
	x:
	}
	if x {
	} else x()
	go (f())
	defer f
	x.
	a, b += 1
	a b
	x[]
	x[1:2:]
	x[::]
	f(1 2)
	T{1 2}
	_ = [...]int{1
	}
	var c <-<-chan int
	L:
}
