// Go's side of scripts/bench-fetch: net/http's client, with connections kept.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
)

func cpu() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Sec+used.Stime.Sec) + float64(used.Utime.Usec+used.Stime.Usec)/1e6
}

func main() {
	url := os.Args[1]
	atOnce, _ := strconv.Atoi(os.Args[2])
	calls, _ := strconv.Atoi(os.Args[3])
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 1000}}
	before := cpu()
	var all sync.WaitGroup
	for i := 0; i < atOnce; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := 0; j < calls/atOnce; j++ {
				reply, err := client.Get(url)
				if err != nil {
					panic(err)
				}
				io.ReadAll(reply.Body)
				reply.Body.Close()
			}
		}()
	}
	all.Wait()
	fmt.Printf("{\"cpu_s\":%.6f,\"failed\":0}\n", cpu()-before)
}
