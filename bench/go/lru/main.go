// Lru is a cache with string keys over a map and container/list.
package main

import (
	"container/list"
	"fmt"
	"strconv"
)

type entry struct {
	key   string
	value []byte
}

type cache struct {
	size  int
	order *list.List
	items map[string]*list.Element
}

func newCache(size int) *cache {
	return &cache{size, list.New(), make(map[string]*list.Element)}
}

func (c *cache) get(key string) ([]byte, bool) {
	e, ok := c.items[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry).value, true
}

func (c *cache) put(key string, value []byte) {
	c.items[key] = c.order.PushFront(&entry{key, value})
	if c.order.Len() > c.size {
		last := c.order.Back()
		delete(c.items, last.Value.(*entry).key)
		c.order.Remove(last)
	}
}

func main() {
	c := newCache(100_000)
	hits, bytes := 0, 0
	seed := uint64(7)
	for range 1_500_000 {
		seed = seed*6364136223846793005 + 1442695040888963407
		key := "key:" + strconv.FormatUint((seed>>33)%200_000, 10)
		value, ok := c.get(key)
		if ok {
			hits++
			bytes += len(value)
		} else {
			c.put(key, make([]byte, 16+(seed>>40)%100))
		}
	}
	fmt.Println(hits, bytes)
}
