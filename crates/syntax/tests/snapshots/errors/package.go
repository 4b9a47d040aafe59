pakage p

var x int
