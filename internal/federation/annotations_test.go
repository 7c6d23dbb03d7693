package federation

import "testing"

// What is about one region's copy, or about what that region has, doesn't go along when another region takes the copy over.
func TestARegionsOwnAnnotationsDoNotTravel(t *testing.T) {
	w := &wish{}
	newPlay(TogetherOnly).kind.Stamp(w, "b", Head{Revision: Revision{Counter: 2, Region: "a", Hash: "0123456789ab"}}, map[string]string{"team": "shop", OrphanAnnotation: "true", BringBackAnnotation: "c"}, "")
	if got := w.Annotations; got["team"] != "shop" || got[OrphanAnnotation] != "" || got[BringBackAnnotation] != "" {
		t.Errorf("taken over: %v", got)
	}
}
