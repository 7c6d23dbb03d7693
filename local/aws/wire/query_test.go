package wire

import (
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

type inner struct {
	Name   string
	Values []string `wire:"Value"`
}

type sample struct {
	VpcId   string
	Filters []inner `wire:"Filter"`
	Min     *int
	Flag    bool
	Nested  *inner
	Blob    []byte
}

var ec2Names = queryDecoder{name: field.upper}

func decodeSample(text string) (sample, error) {
	var out sample
	form, err := url.ParseQuery(text)
	if err != nil {
		return out, err
	}
	tree, err := parseQuery(form)
	if err != nil {
		return out, err
	}
	return out, ec2Names.decode(tree, reflect.ValueOf(&out).Elem(), "")
}

func TestQueriesBecomeStructs(t *testing.T) {
	two := 2
	for text, want := range map[string]sample{
		"VpcId=vpc-1&Flag=true&Min=2":                                          {VpcId: "vpc-1", Flag: true, Min: &two},
		"Filter.2.Name=b&Filter.1.Name=a&Filter.1.Value.1=x&Filter.1.Value.2=": {Filters: []inner{{"a", []string{"x", ""}}, {Name: "b"}}},
		"Filter.10.Name=j&Filter.9.Name=i":                                     {Filters: []inner{{Name: "i"}, {Name: "j"}}}, // by number, not by text
		"Nested.Name=n":                                                        {Nested: &inner{Name: "n"}},
		"Blob=aGk%3D":                                                          {Blob: []byte("hi")},
	} {
		got, err := decodeSample(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestWrongQueriesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"VpcIdd=vpc-1":                   "VpcIdd",
		"vpcId=vpc-1":                    "vpcId",
		"VpcId.1=vpc-1":                  "VpcId.1",
		"Filter.1.Nam=a":                 "Filter.1.Nam",
		"Filter.x.Name=a":                "Filter.x",
		"Filter.01.Name=a":               "Filter.01",
		"Filter=a":                       "Filter",
		"Nested=a":                       "Nested",
		"Min=two":                        "Min",
		"Min=99999999999999999999":       "Min",
		"Flag=perhaps":                   "Flag",
		"Blob=%3F":                       "Blob",
		strings.Repeat("A.", 50) + "B=1": "nested",
	} {
		if got, err := decodeSample(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %+v, %v; want an error that says %s", text, got, err, want)
		}
	}
}

func TestListsWithMembers(t *testing.T) {
	var in struct{ TagKeys []string }
	d := queryDecoder{name: field.same, member: true}
	for text, want := range map[string][]string{"TagKeys.member.1=a&TagKeys.member.2=b": {"a", "b"}, "TagKeys=": {}} {
		form, _ := url.ParseQuery(text)
		tree, _ := parseQuery(form)
		if err := d.decode(tree, reflect.ValueOf(&in).Elem(), ""); err != nil || !reflect.DeepEqual(in.TagKeys, want) {
			t.Errorf("%s: %v, %v", text, in.TagKeys, err)
		}
	}
}

// FuzzQuery makes sure that no form, however odd, does more than give an error
// of the API.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"VpcId=a", "Filter.1.Value.2=x", "Filter.-1.Name=x", "Filter.1=x&Filter.1.Name=y", "....=", "Nested.Name.x=1", "Min=&Flag=&Blob="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &Request{HTTP: httptest.NewRequest("POST", "/", nil), Body: []byte("Action=X&" + text)}
		var in sample
		if err := (EC2Query{}).Decode(r, &in); err != nil && AsError(err).Code == "InternalFailure" {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestXML(t *testing.T) {
	e := &xmlEncoder{name: field.lower, item: "item"}
	none := 0
	e.structBody(reflect.ValueOf(sample{VpcId: "a<b&c", Min: &none, Filters: []inner{{Name: "n", Values: []string{"", "v"}}}}))
	want := "<vpcId>a&lt;b&amp;c</vpcId><Filter><item><name>n</name><Value><item></item><item>v</item></Value></item></Filter>" +
		"<min>0</min><flag>false</flag><blob></blob>" // tags name as they are; an absent pointer isn't written
	if got := e.to.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
