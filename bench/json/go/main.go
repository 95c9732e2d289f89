// Go's contestant: encoding/json into the models of ../twins.h, and their limits by hand.
//
// bench FOLDER DOCUMENT decode|encode MILLISECONDS: prints nanoseconds of CPU for one document, and its bytes.
// The CPU of the whole process counts: a collector that ran beside the decoding would otherwise be free.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unicode/utf8"
)

type Task struct {
	Title    string    `json:"title"`
	Note     string    `json:"note"`
	Done     bool      `json:"done"`
	Priority int       `json:"priority"`
	Due      time.Time `json:"due"`
	Tags     []string  `json:"tags"`
}

type Link struct {
	URL         string  `json:"url"`
	ExpandedURL string  `json:"expanded_url"`
	Indices     []int32 `json:"indices"`
}

type Hashtag struct {
	Text    string  `json:"text"`
	Indices []int32 `json:"indices"`
}

type Mention struct {
	ScreenName string  `json:"screen_name"`
	Name       string  `json:"name"`
	ID         uint64  `json:"id"`
	IDStr      string  `json:"id_str"`
	Indices    []int32 `json:"indices"`
}

type Entities struct {
	Hashtags     []Hashtag `json:"hashtags"`
	URLs         []Link    `json:"urls"`
	UserMentions []Mention `json:"user_mentions"`
}

type Author struct {
	ID                     uint64  `json:"id"`
	IDStr                  string  `json:"id_str"`
	Name                   string  `json:"name"`
	ScreenName             string  `json:"screen_name"`
	Location               string  `json:"location"`
	Description            string  `json:"description"`
	URL                    *string `json:"url"`
	Protected              bool    `json:"protected"`
	FollowersCount         int32   `json:"followers_count"`
	FriendsCount           int32   `json:"friends_count"`
	ListedCount            int32   `json:"listed_count"`
	CreatedAt              string  `json:"created_at"`
	FavouritesCount        int32   `json:"favourites_count"`
	UTCOffset              *int32  `json:"utc_offset"`
	GeoEnabled             bool    `json:"geo_enabled"`
	Verified               bool    `json:"verified"`
	StatusesCount          int32   `json:"statuses_count"`
	Lang                   string  `json:"lang"`
	ProfileBackgroundColor string  `json:"profile_background_color"`
	ProfileImageURL        string  `json:"profile_image_url"`
	DefaultProfile         bool    `json:"default_profile"`
	Following              bool    `json:"following"`
}

type Tweet struct {
	CreatedAt           string          `json:"created_at"`
	ID                  uint64          `json:"id"`
	IDStr               string          `json:"id_str"`
	Text                string          `json:"text"`
	Source              string          `json:"source"`
	Truncated           bool            `json:"truncated"`
	InReplyToStatusID   *uint64         `json:"in_reply_to_status_id"`
	InReplyToScreenName *string         `json:"in_reply_to_screen_name"`
	User                Author          `json:"user"`
	Geo                 json.RawMessage `json:"geo"`
	RetweetCount        int32           `json:"retweet_count"`
	FavoriteCount       int32           `json:"favorite_count"`
	Entities            Entities        `json:"entities"`
	Favorited           bool            `json:"favorited"`
	Retweeted           bool            `json:"retweeted"`
	Lang                string          `json:"lang"`
}

type Timeline struct {
	Statuses []Tweet `json:"statuses"`
	Count    int32   `json:"count"`
}

type Event struct {
	Description *string `json:"description"`
	ID          int32   `json:"id"`
	Logo        *string `json:"logo"`
	Name        string  `json:"name"`
	SubTopicIds []int32 `json:"subTopicIds"`
	SubjectCode *string `json:"subjectCode"`
	Subtitle    *string `json:"subtitle"`
	TopicIds    []int32 `json:"topicIds"`
}

type Price struct {
	Amount                int32 `json:"amount"`
	AudienceSubCategoryID int32 `json:"audienceSubCategoryId"`
	SeatCategoryID        int32 `json:"seatCategoryId"`
}

type Area struct {
	AreaID   int32   `json:"areaId"`
	BlockIDs []int32 `json:"blockIds"`
}

type SeatCategory struct {
	Areas          []Area `json:"areas"`
	SeatCategoryID int32  `json:"seatCategoryId"`
}

type Performance struct {
	EventID        int32          `json:"eventId"`
	ID             int32          `json:"id"`
	Logo           *string        `json:"logo"`
	Name           *string        `json:"name"`
	Prices         []Price        `json:"prices"`
	SeatCategories []SeatCategory `json:"seatCategories"`
	SeatMapImage   *string        `json:"seatMapImage"`
	Start          int64          `json:"start"`
	VenueCode      string         `json:"venueCode"`
}

type Programme struct {
	AreaNames    map[string]string `json:"areaNames"`
	Events       map[string]Event  `json:"events"`
	Performances []Performance     `json:"performances"`
}

type Geometry struct {
	Type        string        `json:"type"`
	Coordinates [][][]float64 `json:"coordinates"`
}

type Properties struct {
	Name string `json:"name"`
}

type Feature struct {
	Type       string     `json:"type"`
	Properties Properties `json:"properties"`
	Geometry   Geometry   `json:"geometry"`
}

type Country struct {
	Type     string    `json:"type"`
	Features []Feature `json:"features"`
}

func check(value any) error {
	task, isTask := value.(*Task)
	if !isTask {
		return nil
	}
	if length := utf8.RuneCountInString(task.Title); length < 1 || length > 120 {
		return fmt.Errorf("title: 1 to 120 characters, not %d", length)
	}
	if task.Priority < 0 || task.Priority > 9 {
		return fmt.Errorf("priority: 0 to 9, not %d", task.Priority)
	}
	if len(task.Tags) > 10 {
		return fmt.Errorf("tags: at most 10, not %d", len(task.Tags))
	}
	return nil
}

func decode(empty func() any, text []byte) any {
	value := empty()
	err := json.Unmarshal(text, value)
	if err == nil {
		err = check(value)
	}
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	models := map[string]func() any{
		"todo":      func() any { return new(Task) },
		"tweets":    func() any { return new(Timeline) },
		"programme": func() any { return new(Programme) },
		"country":   func() any { return new(Country) },
	}
	folder, document, operation := os.Args[1], os.Args[2], os.Args[3]
	milliseconds, err := strconv.Atoi(os.Args[4])
	must(err)
	text, err := os.ReadFile(folder + "/" + document + ".json")
	must(err)
	empty := models[document]
	value := decode(empty, text)
	bytes := len(text)
	if operation == "encode" {
		written, err := json.Marshal(value)
		must(err)
		bytes = len(written)
	}
	batch := 1_000_000/bytes + 1
	documents := 0
	start := cpu()
	for budget := time.Duration(milliseconds) * time.Millisecond; cpu()-start < budget; documents += batch {
		for i := 0; i < batch; i++ {
			if operation == "decode" {
				decode(empty, text)
			} else if _, err := json.Marshal(value); err != nil {
				must(err)
			}
		}
	}
	fmt.Printf("%.1f %d\n", float64(cpu()-start)/float64(documents), bytes)
}
