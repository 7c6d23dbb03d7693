package peers

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A subscriber that takes no news keeps nobody from looking. It is told once of each object when it goes on.
func TestASubscriberThatTakesNoNews(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		h.soon("it is there", func() bool { return h.reachable() == "" })
		h.told()
		const rings = 300
		for generation := int64(1); generation <= 3; generation++ {
			for i := range rings {
				h.ring(fmt.Sprint("ring-", i), generation)
			}
		}
		if got := h.generation(fmt.Sprint("ring-", rings-1)); got != 3 {
			t.Errorf("the last edit isn't known: the generation is %d", got)
		}
		h.there.answers(func(string, string) error { return errors.New("no route to host") })
		h.there.closeAll()
		time.Sleep(patience)
		if h.seen().Reachable {
			t.Error("the outage isn't noticed")
		}
		h.there.answers(func(string, string) error { return nil })
		time.Sleep(patience)
		if !h.seen().Reachable {
			t.Error("the return isn't noticed")
		}
		names := map[string]int{}
		for all := h.everything(); len(all) > 0; all = h.everything() {
			for _, name := range all {
				names[name]++
			}
		}
		if len(names) != rings+1 { // and the region's turns
			t.Errorf("it was told of %d objects", len(names))
		}
		for name, times := range names {
			if name != "" && times > 3 { // what it had been handed already, and what came since
				t.Errorf("it was told %d times of %s", times, name)
			}
		}
		time.Sleep(time.Minute)
		if got := h.told(); len(got) > 0 {
			t.Errorf("nothing is news of %q", got)
		}
	})
}
