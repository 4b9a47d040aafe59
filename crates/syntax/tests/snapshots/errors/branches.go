package p

func labels() {
	break
	continue
	fallthrough
unused:
	for {
		goto inner
		func() { break }()
		break missing
	}
twice:
	goto over
twice:
	x := 1
over:
	{
	inner:
	}
	if true {
	notLoop:
		continue notLoop
	}
	switch {
	case a:
		if a {
			fallthrough
		}
	case b:
		fallthrough
	}
	switch x.(type) {
	case int:
		fallthrough
	default:
	}
}

//line other.go:100
func relative() { break }

//line third.go:7:9
func columns() { /*line :3:4*/ break; /*line x.go:0*/ }
