// Go's side of scripts/bench-redis: go-redis, URL AT_ONCE CALLS.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

func cpu() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func main() {
	options, _ := redis.ParseURL(os.Args[1])
	atOnce, _ := strconv.Atoi(os.Args[2])
	calls, _ := strconv.Atoi(os.Args[3])
	options.PoolSize = atOnce
	client := redis.NewClient(options)
	run := func(calls int) int64 {
		var group sync.WaitGroup
		var failed int64
		for i := 0; i < atOnce; i++ {
			group.Add(1)
			go func(i int) {
				defer group.Done()
				for n := 0; n < calls/atOnce; n++ {
					if client.Incr(context.Background(), "bench:"+strconv.Itoa(i)).Err() != nil {
						atomic.AddInt64(&failed, 1)
					}
				}
			}(i)
		}
		group.Wait()
		return failed
	}
	run(10 * atOnce)
	before, began := cpu(), time.Now()
	failed := run(calls)
	fmt.Printf("{\"cpu_s\":%f,\"wall_s\":%f,\"failed\":%d}\n", cpu()-before, time.Since(began).Seconds(), failed)
}
