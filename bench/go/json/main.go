// Json encodes and decodes records, again and again.
package main

import (
	"encoding/json"
	"fmt"
)

type address struct {
	Street string `json:"street"`
	City   string `json:"city"`
	Code   int    `json:"code,omitempty"`
}

type person struct {
	Name      string             `json:"name"`
	Age       int                `json:"age"`
	Tags      []string           `json:"tags"`
	Addresses []*address         `json:"addresses"`
	Scores    map[string]float64 `json:"scores"`
	Extra     any                `json:"extra"`
}

func main() {
	var people []person
	for i := range 200 {
		people = append(people, person{
			Name:      fmt.Sprintf("person %d", i),
			Age:       i % 90,
			Tags:      []string{"a", "quoted \"tag\"", "ünïcode"},
			Addresses: []*address{{"street", "city", i}, {"other street", "other city", 0}},
			Scores:    map[string]float64{"x": float64(i) / 3, "y": 1e21},
			Extra:     []any{1.5, "text", nil, true, map[string]any{"k": "v"}},
		})
	}
	total := 0
	for range 600 {
		text, err := json.Marshal(people)
		if err != nil {
			panic(err)
		}
		var back []person
		if err := json.Unmarshal(text, &back); err != nil {
			panic(err)
		}
		total += len(text) + len(back)
	}
	fmt.Println(total)
}
