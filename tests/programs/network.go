// Connections on loopback: echoes, deadlines that pass and deadlines that are far off, and closing under a reader.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(listener)
	dial := func() net.Conn {
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), time.Hour)
		if err != nil {
			panic(err)
		}
		return conn
	}

	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			conn := dial()
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(time.Hour))
			message := []byte(fmt.Sprintf("message %d", i))
			for range 20 {
				conn.Write(message)
				answer := make([]byte, len(message))
				if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != string(message) {
					panic(fmt.Sprint(err, string(answer)))
				}
				mu.Lock()
				total += len(answer)
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	fmt.Println("echoed", total)

	conn := dial()
	begun := time.Now()
	conn.SetReadDeadline(begun.Add(50 * time.Millisecond))
	_, err = conn.Read(make([]byte, 1))
	fmt.Println("deadline:", errors.Is(err, os.ErrDeadlineExceeded), time.Since(begun) >= 50*time.Millisecond)
	conn.SetReadDeadline(begun)
	_, err = conn.Read(make([]byte, 1))
	fmt.Println("past:", errors.Is(err, os.ErrDeadlineExceeded))
	conn.SetReadDeadline(time.Time{})
	conn.Write([]byte("x"))
	n, err := conn.Read(make([]byte, 1))
	fmt.Println("none:", n, err)

	done := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		done <- err
	}()
	time.Sleep(10 * time.Millisecond)
	conn.Close()
	fmt.Println("closed:", errors.Is(<-done, net.ErrClosed))
	listener.Close()
	_, err = net.Dial("tcp", listener.Addr().String())
	fmt.Println("refused:", err != nil)
}

func serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}
