// Service is what Trigo is for: a service that allocates for every request. It makes thumbnails of images and takes
// uploads, and clients in the same process ask it over loopback, each at fixed times, whether the last answer is there
// or not.
//
// It prints how long the answers took, how much processor time and memory the process used, and how often the collector
// ran. It exits with status 1 if an answer is wrong. Run it under Go and under Trigo, and compare.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	clients  = flag.Int("clients", 8, "clients, each with one request at a time")
	requests = flag.Int("requests", 50, "requests of each client")
	every    = flag.Duration("every", 20*time.Millisecond, "time from one request of a client to the next")
)

// thumbnail answers with a quarter of the image that it is sent.
func thumbnail(w http.ResponseWriter, r *http.Request) {
	full, err := png.Decode(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	size := full.Bounds().Size().Div(4)
	small := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			small.Set(x, y, full.At(4*x, 4*y))
		}
	}
	w.Header().Set("Content-Type", "image/png")
	png.Encode(w, small)
}

// receipt is what an upload is answered with.
type receipt struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	Sum    string `json:"sum"`
	Packed int    `json:"packed"`
}

// upload takes a form with a file, compresses it, and answers with a receipt.
func upload(w http.ResponseWriter, r *http.Request) {
	file, header, err := r.FormFile("file")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	writer.Write(data)
	writer.Close()
	sum := sha256.Sum256(data)
	json.NewEncoder(w).Encode(receipt{header.Filename, len(data), hex.EncodeToString(sum[:]), packed.Len()})
}

// picture is the image that clients send.
func picture() []byte {
	full := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for y := range 256 {
		for x := range 256 {
			full.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(x ^ y), 255})
		}
	}
	var text bytes.Buffer
	png.Encode(&text, full)
	return text.Bytes()
}

func askThumbnail(base string, picture []byte) error {
	answer, err := http.Post(base+"/thumbnail", "image/png", bytes.NewReader(picture))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	small, err := png.Decode(answer.Body)
	if err != nil {
		return err
	}
	r, g, b, _ := small.At(10, 20).RGBA()
	if small.Bounds().Dx() != 64 || r>>8 != 40 || g>>8 != 80 || b>>8 != 40^80 {
		return fmt.Errorf("a thumbnail of %v with %d %d %d", small.Bounds(), r>>8, g>>8, b>>8)
	}
	return nil
}

func askUpload(base string, number int) error {
	data := []byte(strings.Repeat(fmt.Sprintf("line %d of an upload\n", number), 1000))
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("file", "lines.txt")
	part.Write(data)
	form.Close()
	answer, err := http.Post(base+"/upload", form.FormDataContentType(), &body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var got receipt
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	if got.Name != "lines.txt" || got.Size != len(data) || got.Sum != hex.EncodeToString(sum[:]) || got.Packed == 0 {
		return fmt.Errorf("a receipt of %+v", got)
	}
	return nil
}

// run sends a client's requests and gives the time from when each was due to its answer.
func run(client int, base string, picture []byte) ([]time.Duration, error) {
	begun := time.Now().Add(time.Duration(client) * *every / time.Duration(*clients))
	var took []time.Duration
	for i := range *requests {
		due := begun.Add(time.Duration(i) * *every)
		time.Sleep(time.Until(due))
		ask := func() error { return askThumbnail(base, picture) }
		if i%2 == 1 {
			ask = func() error { return askUpload(base, i) }
		}
		if err := ask(); err != nil {
			return nil, fmt.Errorf("client %d, request %d: %w", client, i, err)
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}

func main() {
	flag.Parse()
	http.HandleFunc("POST /thumbnail", thumbnail)
	http.HandleFunc("POST /upload", upload)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go http.Serve(listener, nil)

	base, picture := "http://"+listener.Addr().String(), picture()
	var group sync.WaitGroup
	var mu sync.Mutex
	var all []time.Duration
	for client := range *clients {
		group.Go(func() {
			took, err := run(client, base, picture)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			all = append(all, took...)
		})
	}
	group.Wait()
	report(all)
}

func report(took []time.Duration) {
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[int(share*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Printf("%d answers; half within %v, 99 of 100 within %v, the last within %v\n", len(took), at(0.5), at(0.99), at(1))
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Printf("%v of processor time, %d MB at most; %d MB allocated, %d collections\n",
		cpu.Round(time.Millisecond), usage.Maxrss>>10, memory.TotalAlloc>>20, memory.NumGC)
}
