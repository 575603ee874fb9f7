/**
 * Seed conversations of the demo. One message per line: first letter of the author's name, then the text.
 * `# 6 09:12` means six days ago at that time (UTC); `# -40` means forty minutes ago. Lines are about a minute apart.
 */
export const ANA_AND_BEN = `
# 8 09:12
a Hi Ben, I found your listing on Nearhand
a We are looking for someone to clean our flat every other week
b Hello Ana! Thanks for writing 🙂
b How big is it?
a 84 m², three rooms, kitchen and one bathroom
a Fourth floor, there is a lift
b That is about three hours for me
b Four the first time
a Sounds fair
a Do you bring your own things?
b I bring everything except a vacuum cleaner
b Do you have one?
a Yes, a good one
b Perfect
a Any pets allergy? We have a cat
b No, I like cats
b What is her name?
a Miso 🐱
b 😄
# 7 18:03
a Would Thursday mornings work for you?
b Thursdays I am free from nine
b Or from one in the afternoon
a Nine is great
b Every second week, starting this one?
a Yes please
b Then I put it into my calendar
a One question: the windows
a We have six, two of them are tall
b Windows I do every third time, it takes an hour more
b Inside and outside where I can reach safely
a Good, the tall ones open inwards
b Then it is no problem
a And the oven?
b Once in a while, just tell me a day before
a Great, thank you!
b You are welcome
b Could you send me the address?
a Lindenstraße 14, fourth floor, bell says Lindqvist/Okonkwo
b Got it 👍
# 6 08:41
b Good morning, I am on my way
b The tram is late, I will be there at ten past nine
a No stress
a The key is with our neighbour, Mrs Petersen, third floor left
b Thank you
b Got the key, she is very kind
a She is! She feeds Miso when we are away
# 6 13:20
b Done for today
b The kitchen took a bit longer, everything else was quick
a It smells wonderful when I open the door
a And you folded the towels 😍
b With pleasure
b Two small things: the bathroom tap drips a little
b And the lamp in the hall does not work any more
a Thank you for telling me, I will have both looked at
a Is the key back with Mrs Petersen?
b Yes, I gave it to her personally
a Perfect
# 5 19:30
a The invoice arrived, thank you
a I transferred it just now
b Received, thank you!
b The receipt is here: https://example.com/receipts/2291
a That was fast
# 4 10:05
a Quick question about next time
a We are having guests on Friday evening, could you do the oven on Thursday?
b Sure
b Then I plan half an hour more
a And please leave the study, my partner works from home that day
b No problem, I will be quiet as well
a You are a star
b One more thing: is it OK if I use a cleaner with vinegar on the tiles?
a On the tiles yes, but please not on the kitchen counter
a It is natural stone and the last person left stains
b Good that you say it
b For stone I have a neutral soap
a 👌
# 3 17:48
a The tap is repaired, by the way
b That was quick
a Mrs Petersen's nephew is a plumber
b A good house you live in
a Very
a The lamp is still dark, though
b What kind of bulb is it?
a Something round with two pins
b G9 then
b I can bring one, they cost four euros
a That would be so kind
b I put it on the bill 😉
a Deal
# 2 12:15
b For Thursday: may I come at half past eight instead of nine?
a Let me check with my partner
a Yes, that works
b Great, thank you
a The door code changes tomorrow: it will be on a note with Mrs Petersen, I do not want to write it here
b Very sensible
b I will ask her
a Thank you for understanding
# 1 16:22
a I made a short list for tomorrow, so that it is all in one place. Please do not feel that everything has to be done, the guests are old friends and will not look into the corners. First the kitchen: oven, hob and the two lower shelves of the fridge, the rest of the fridge is fine. Then the bathroom as always, with fresh towels from the left side of the cupboard. The living room only needs dusting and the floor. The study stays closed. If there is time left, the tall window in the living room would be lovely, because the sun comes in exactly there in the evening and shows every fingerprint of this family, mostly mine.
b Thank you, that helps a lot
b I think all of it will fit
b I start with the oven, so that it can soak
a Clever
a Coffee is in the blue tin, please help yourself
b ☕ I will
# -185
b I am in, Miso says hello
a Give her a pat from me
b She is supervising the oven
a That is her job 😹
# -96
b Oven done, fridge done
b You can see yourself in the door now
a Wow
a I am almost afraid to cook tonight
b The lamp works again too
a 🎉
# -31
b Finished! The tall window as well
b The key is with Mrs Petersen
a You are the best, thank you so much
a Same time in two weeks?
b Yes, Thursday at nine
b Have a lovely evening with your friends
a Thank you! I will send you a picture of the table
`;

export const JOB = `
# 3 08:30
c Hi both, I can take the stairwell at Lindenstraße from next month
a Wonderful, the house community will be happy
b I can show you where the tools are
c Great! Is there warm water on the ground floor?
b Yes, next to the bike room
# 2 09:10
a The house administration would like a quote for all four floors
c Sure: 4 floors, twice a month, 96 € altogether
c Including the windows once a quarter
a I pass it on
# 1 11:45
a They said yes!
b Congratulations 🎉
c That makes my week
# -140
c Wann soll ich am Montag anfangen? Ab acht Uhr könnte ich da sein.
a Acht Uhr passt gut. Herr Yıldız macht Ihnen auf.
c Danke, bis Montag!
# -22
b I left the long ladder in the cellar for you
b Second door on the right
`;

export const SUPPORT = `
# 5 14:02
a Hello, I cannot find last month's invoice in my account
d Hi Ana, Dana from support here. Let me look
d Found it: it was sent to your old address
d I have moved it, could you check again?
a There it is, thank you!
# 1 09:30
d One more thing: your card expires this month
d You can change it under Account → Payment whenever it suits you
`;

export const GENERAL = `
# 6 10:00
d Welcome, everybody! This is the room for news and questions to all
b Hello 👋
c Hi from Marzahn
# 3 15:20
d From next week the app sends a reminder the evening before each job
c Finally, thank you!
d You asked for it, we listened
# 1 08:05
d Reminder: Monday is a public holiday, and jobs move to Tuesday
b Thanks, almost forgot
# -58
c Does anyone know a good shop for microfibre cloths?
d The one at Ostkreuz: https://example.com/shops/ostkreuz
c Perfect, it is on my way
`;
