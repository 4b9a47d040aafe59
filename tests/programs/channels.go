// Goroutines, channels and select.
package main

func produce(n int, out chan<- int) {
	for i := range n {
		out <- i
	}
	close(out)
}

func main() {
	c := make(chan int)
	go produce(5, c)
	sum := 0
	for v := range c {
		sum += v
	}
	println(sum)
	done := make(chan struct{})
	results := make(chan string, 2)
	go func(name string) {
		results <- "from " + name
		done <- struct{}{}
	}("closure")
	<-done
	println(<-results)
	select {
	case s := <-results:
		println(s)
	default:
		println("nothing")
	}
	var never chan int
	a, b := make(chan int, 1), make(chan string, 1)
	a <- 1
	for range 2 {
		select {
		case v, ok := <-a:
			println("a", v, ok)
			b <- "next"
		case s := <-b:
			println("b", s)
		case never <- 1:
			println("never")
		}
	}
	select {
	case a <- 5:
		println("sent", len(a), cap(a))
	}
	v, ok := <-a
	println(v, ok)
	close(a)
	v, ok = <-a
	println(v, ok)
	unordered := make(chan int)
	for i := range 4 {
		go func() { unordered <- i * i }()
	}
	total := 0
	for range 4 {
		total += <-unordered
	}
	println(total)
	func() {
		defer func() { println(recover().(error).Error()) }()
		a <- 1
	}()
}
