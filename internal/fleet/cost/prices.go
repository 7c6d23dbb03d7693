package cost

// AsOf is when the prices were written down.
const AsOf = "2025-06-01"

// Source says where the prices are from, and what they are worth.
const Source = "list prices in US dollars as AWS publishes them (aws.amazon.com: EC2 on-demand, VPC, EBS and EKS pricing pages), without tax, discounts and free tiers, written down by hand as facts on " + AsOf + "; what AWS bills decides"

// hours of a month, as AWS reckons it.
const hours = 730

// rates are the prices that depend on the region: dollars an hour, and a GiB and month.
type rates struct {
	nat       float64            // gateway, an hour
	natPerGiB float64            // through it
	gp3       float64            // GiB and month
	machines  map[string]float64 // on demand, Linux, an hour
}

// Prices that are the same in all commercial regions.
const (
	controlPlane = 0.10  // EKS cluster in standard support, an hour
	address      = 0.005 // public IPv4 address, an hour
	peeringPerGB = 0.02  // between two regions, each way (most pairs)
)

// ratesOf has the regions whose prices are known; others are reckoned with those
// of reference, and the estimate says so.
var ratesOf = map[string]rates{
	"us-east-1": {0.045, 0.045, 0.08, map[string]float64{
		"t3.micro": 0.0104, "t3.small": 0.0208, "t3.medium": 0.0416, "t3.large": 0.0832, "t3.xlarge": 0.1664,
		"m5.large": 0.096, "m5.xlarge": 0.192, "m5.2xlarge": 0.384, "m5.4xlarge": 0.768,
		"m6i.large": 0.096, "m6i.xlarge": 0.192, "m6i.2xlarge": 0.384, "r5.large": 0.126, "r5.xlarge": 0.252, "r5.2xlarge": 0.504, "r6i.large": 0.126, "r6i.xlarge": 0.252, "r6i.2xlarge": 0.504,
		"i3.large": 0.156, "i3.xlarge": 0.312, "i3.2xlarge": 0.624}},
	"us-east-2": {0.045, 0.045, 0.08, map[string]float64{
		"t3.micro": 0.0104, "t3.small": 0.0208, "t3.medium": 0.0416, "t3.large": 0.0832,
		"m5.large": 0.096, "m5.xlarge": 0.192, "m5.2xlarge": 0.384, "m6i.large": 0.096, "m6i.xlarge": 0.192, "r5.large": 0.126, "r5.xlarge": 0.252, "i3.large": 0.156, "i3.xlarge": 0.312}},
	"us-west-2": {0.045, 0.045, 0.08, map[string]float64{
		"t3.micro": 0.0104, "t3.small": 0.0208, "t3.medium": 0.0416, "t3.large": 0.0832,
		"m5.large": 0.096, "m5.xlarge": 0.192, "m5.2xlarge": 0.384, "m6i.large": 0.096, "m6i.xlarge": 0.192, "r5.large": 0.126, "r5.xlarge": 0.252, "i3.large": 0.156, "i3.xlarge": 0.312}},
	"eu-west-1": {0.048, 0.048, 0.088, map[string]float64{
		"t3.micro": 0.0114, "t3.small": 0.0228, "t3.medium": 0.0456, "t3.large": 0.0912,
		"m5.large": 0.107, "m5.xlarge": 0.214, "m5.2xlarge": 0.428, "m6i.large": 0.107, "m6i.xlarge": 0.214, "r5.large": 0.141, "r5.xlarge": 0.282, "i3.large": 0.172, "i3.xlarge": 0.344}},
	"eu-central-1": {0.052, 0.052, 0.0952, map[string]float64{
		"t3.micro": 0.012, "t3.small": 0.024, "t3.medium": 0.048, "t3.large": 0.096,
		"m5.large": 0.115, "m5.xlarge": 0.23, "m5.2xlarge": 0.46, "m6i.large": 0.115, "m6i.xlarge": 0.23, "r5.large": 0.152, "r5.xlarge": 0.304, "i3.large": 0.186, "i3.xlarge": 0.372}},
}

const reference = "us-east-1"
